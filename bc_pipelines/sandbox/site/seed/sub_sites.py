"""Pages of the recruitment sites, the Family Information Service and Care Advice."""

from datetime import timedelta

from wagtail.models import Page

from bc_pipelines.sandbox.site.family_information import models as family
from bc_pipelines.sandbox.site.recruitment import models as recruitment
from bc_pipelines.sandbox.site.seed import names, texts
from bc_pipelines.sandbox.site.seed.clock import TODAY
from bc_pipelines.sandbox.site.seed.tree import Tree
from bc_pipelines.sandbox.site.service_directory import models as directory
from bc_pipelines.sandbox.site.standardpages.models import InformationPage
from bc_pipelines.sandbox.site.utils.models import TopTask


def create_jobs(tree: Tree, root: Page) -> recruitment.RecruitmentHomePage:
    """Creates the public jobs site."""
    home = tree.add(
        root,
        recruitment.RecruitmentHomePage,
        "Jobs at the council",
        slug="jobs",
        hero_title="Work that people notice",
        search_box_placeholder="Job title or place",
        job_board="external",
        hero_image=tree.files.images[3],
        awards=recruitment.AwardsSnippet.objects.create(
            heading="Awards",
            awards=tree.stream(tree.block("card", {"heading": "Good employer", "text": "", "page": None})),
        ),
        media=recruitment.JobPlatformsMediaSnippet.objects.create(
            title="Elsewhere", job_platforms=tree.links(tree.link("Teaching jobs", url="https://teaching.example/"))
        ),
    )
    working = tree.add(
        home,
        recruitment.RecruitmentIndexPage,
        "Working for us",
        show_in_menus=True,
        hero_image=tree.files.images[2],
        body=tree.story("Thirty days' holiday and a pension that is worth having.", tree.planted.officers[6]),
    )
    for title, text in (("How to apply", "One form for every job."), ("Apprenticeships", "Paid from the first day.")):
        tree.add(home, InformationPage, title, body=tree.story(text), show_in_menus=True)
    home.related_recruitment_index_page = working
    home.save()
    return home


def create_internal_jobs(tree: Tree, root: Page) -> recruitment.RecruitmentHomePage:
    """Creates the jobs site for the council's own people."""
    home = tree.add(
        root,
        recruitment.RecruitmentHomePage,
        "Internal jobs",
        slug="internal-jobs",
        hero_title="Your next move",
        search_box_placeholder="Job title",
        job_board="internal",
    )
    tree.add(home, InformationPage, "Secondments", body=tree.story("Up to two years with another team."))
    return home


def create_family_information(tree: Tree, root: Page) -> family.SubsiteHomePage:
    """Creates the Family Information Service, its officers, schools and directory."""
    home = _subsite(tree, root, "Family Information Service", "fis", texts.CARE_TOPICS[:3])
    for number, school in enumerate(("Sedgecombe Primary School", "Otterwick St Giles School")):
        officer = tree.planted.officers[number + 4]
        coordinator = family.EHCCo.objects.create(name=officer.name, email=officer.email)
        family.School.objects.create(name=school, ehc_co=coordinator, hub_email=f"hub{number}@school.example")
    api = directory.DirectoryManagementAPI.objects.create(
        admin_name="Directory", api_url=f"https://{tree.host}/directory/api/", is_enabled=True
    )
    directory.ServiceDirectory.objects.create(
        admin_name="Families",
        frontend_url=f"https://{tree.host}/directory/families/",
        directory_api_url=f"https://{tree.host}/directory/api/families/",
        directory_api_slug="families",
        directory_management_api=api,
    )
    parent = directory.Taxonomy.objects.create(
        label="Childcare", level=1, remote_id=9_000_000_001, remote_slug="childcare", fetched_with=api
    )
    directory.Taxonomy.objects.create(
        label="Nurseries", level=2, remote_id=9_000_000_002, remote_slug="nurseries", fetched_with=api, parent=parent
    )
    return home


def create_care_advice(tree: Tree, root: Page) -> family.SubsiteHomePage:
    """Creates Care Advice."""
    return _subsite(tree, root, "Care Advice", "care-advice", texts.CARE_TOPICS[3:])


def _subsite(tree: Tree, root: Page, title: str, slug: str, topics) -> family.SubsiteHomePage:
    card = tree.block("card", {"heading": topics[0][0], "text": topics[0][1], "page": None})
    home = tree.add(
        root,
        family.SubsiteHomePage,
        title,
        slug=slug,
        heading=title,
        description=topics[0][1],
        hero_image=tree.files.images[3],
        search_placeholder="Search",
        top_tasks_heading="Most wanted",
        highlighted_cards=tree.stream(card),
    )
    for topic, text in topics:
        page = tree.add(
            home,
            family.CategoryPage,
            topic,
            show_in_menus=True,
            body=tree.story(text, tree.planted.officers[5]),
            banner_title=topic,
            banner_link=f"https://{tree.host}/contact-us/",
        )
        task = TopTask.objects.create(link_text=f"Find: {topic.lower()}", link_page=page)
        family.SubsiteHomePageTopTask.objects.create(source=home, top_task=task, sort_order=0)
    return home


def advertise(tree: Tree, boards: tuple[recruitment.RecruitmentHomePage, ...]) -> None:
    """Creates the jobs of all boards, with the officers who answer questions about them."""
    for order, (title, slug) in enumerate((("Offices", "offices"), ("Schools", "schools"), ("Care", "care"))):
        category = recruitment.JobCategory.objects.create(
            title=title, slug=slug, sort_order=order, is_schools_and_early_years=slug == "schools"
        )
        category.subcategories.set([recruitment.JobSubcategory.objects.create(title=f"{title}: general")])
    subcategories = list(recruitment.JobSubcategory.objects.order_by("id"))
    for number, (title, place, salary) in enumerate(texts.JOBS):
        job = recruitment.TalentLinkJob.objects.create(
            talentlink_id=4_000 + number,
            job_number=f"REQ{number:05}",
            homepage=boards[number % len(boards)],
            subcategory=subcategories[number % len(subcategories)],
            title=title,
            **_advertisement(tree, number, place, salary),
        )
        job.attachments.set([tree.files.documents[number % 3]])
    recruitment.JobAlertNotificationTask.objects.create(ended=TODAY, is_successful=True)


def _advertisement(tree: Tree, number: int, place: str, salary: str) -> dict:
    """Returns the rest of a job's columns, as the recruitment system would send them."""
    officer = tree.planted.officers[number]
    return {
        "short_description": "A permanent post in a friendly team.",
        "description": f"<p>Ask {officer.name} on {officer.phone} for an informal talk.</p>",
        "organisation": "Council",
        "contact_email": officer.email,
        "contract_type": "Permanent",
        "working_hours": "37 hours",
        "salary_range": salary,
        "searchable_salary": salary,
        "location_name": place,
        "location_street_number": str(number + 1),
        "location_street": f"{names.STREET_WORDS[number]} Road",
        "location_city": names.TOWNS[number % len(names.TOWNS)],
        "location_country": "England",
        "location_postcode": f"ZZ99 {number}CC",
        "location_lat": "51.800000",
        "location_lon": "-0.810000",
        "closing_date": tree.day(-10 - number),
        "interview_date": tree.day(-24 - number),
        "posting_start_date": TODAY - timedelta(days=20),
        "posting_end_date": TODAY + timedelta(days=10 + number),
        "application_url_query": f"jobcode={number}",
        "last_imported": TODAY,
        "is_published": number != 7,
    }
