"""Template tags of the site."""

from django import template
from django.utils.html import format_html

register = template.Library()


@register.simple_tag
def picture(image, filter_spec="width-800"):
    """Shows an image: its rendition where there is one, else the original.

    A web dyno has no copy of the files, so it cannot make a rendition; what is missing is served in full size.
    """
    if not image:
        return ""
    shown = image.renditions.filter(filter_spec=filter_spec, focal_point_key="").first() or image
    text = image.description or image.title
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}">', shown.file.url, shown.width, shown.height, text
    )
