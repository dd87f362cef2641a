"""StreamField blocks of the site."""

from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.embeds.blocks import EmbedBlock
from wagtail.images.blocks import ImageChooserBlock


class LinkBlock(blocks.StructBlock):
    """A link to a page of the site or to anywhere else."""

    text = blocks.CharBlock()
    page = blocks.PageChooserBlock(required=False)
    url = blocks.URLBlock(required=False)

    class Meta:
        template = "blocks/link.html"


class ContactBlock(blocks.StructBlock):
    """Whom to ask about the subject of a page."""

    name = blocks.CharBlock()
    role = blocks.CharBlock(required=False)
    email = blocks.EmailBlock(required=False)
    telephone = blocks.CharBlock(required=False)

    class Meta:
        template = "blocks/contact.html"


class PictureBlock(blocks.StructBlock):
    """An image with its caption."""

    image = ImageChooserBlock()
    caption = blocks.CharBlock(required=False)

    class Meta:
        template = "blocks/picture.html"


class StoryBlock(blocks.StreamBlock):
    """The body of a page."""

    heading = blocks.CharBlock(template="blocks/heading.html")
    paragraph = blocks.RichTextBlock()
    picture = PictureBlock()
    document = DocumentChooserBlock(template="blocks/document.html")
    embed = EmbedBlock()
    link = LinkBlock()
    contact = ContactBlock()


class LinkStreamBlock(blocks.StreamBlock):
    """Links in a row."""

    link = LinkBlock()


class LinkColumnBlock(blocks.StructBlock):
    """A titled column of links, as in the footer."""

    heading = blocks.CharBlock()
    links = blocks.ListBlock(LinkBlock())


class LinkColumnsBlock(blocks.StreamBlock):
    """Columns of links, side by side."""

    column = LinkColumnBlock()


class CardBlock(blocks.StructBlock):
    """A highlighted card on a home page."""

    heading = blocks.CharBlock()
    text = blocks.TextBlock(required=False)
    page = blocks.PageChooserBlock(required=False)

    class Meta:
        template = "blocks/card.html"


class CardsBlock(blocks.StreamBlock):
    """Highlighted cards in a row."""

    card = CardBlock()
