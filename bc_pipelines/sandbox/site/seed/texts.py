"""What the sandbox's pages say: services of a council, news, posts, events and places, in our own words."""

# Service -> its topics, each with two sentences of text.
SERVICES = {
    "Bins and recycling": (
        ("When we collect", "We empty bins every week day. Put yours out before seven in the morning."),
        ("What goes in which bin", "Paper and card go in the blue bin. Glass, tins and bottles go in the green."),
        ("Garden waste", "You can pay for a garden waste collection by the year. Renewals open each February."),
        ("Household recycling centres", "Nine centres take what your bin cannot. Vans need a permit, which is free."),
    ),
    "Council tax": (
        ("Pay your bill", "You can pay by direct debit on four days of the month. It takes ten minutes to set up."),
        ("Discounts and exemptions", "People who live alone pay less. So do full-time students and some carers."),
        ("Moving home", "Tell us before you move, and we send the closing bill to your new address."),
    ),
    "Schools and learning": (
        ("Apply for a school place", "Applications close in October for secondary and in January for primary schools."),
        ("School transport", "We pay for transport where the nearest suitable school is too far to walk to."),
        ("Term dates", "Most schools keep the council's dates. Academies may set their own, so ask them."),
        ("Special educational needs", "Your child's school is the first to ask. We can assess what help is needed."),
    ),
    "Planning and building": (
        ("Look at a planning application", "Anyone may read an application and comment on it for twenty-one days."),
        ("Do you need permission", "Small changes to a house often need none. A certificate can prove it."),
        ("Building regulations", "Work on the structure must be inspected. Tell us two days before you begin."),
    ),
    "Housing": (
        ("Apply for social housing", "You join one register for all landlords, and bid for homes each week."),
        ("If you may lose your home", "Ask for help as early as you can. We can speak to your landlord with you."),
        ("Report a bad landlord", "Damp, cold and unsafe wiring are ours to inspect when a landlord does nothing."),
    ),
    "Roads and parking": (
        ("Report a pothole", "We look at every report within ten working days and mark what will be filled."),
        ("Residents' parking", "A permit covers one vehicle for a year. Visitors' tickets come in books of ten."),
        ("Roadworks this month", "Works are listed with their dates. Diversions are signed from the main road."),
    ),
    "Care and support": (
        ("Ask for a care assessment", "An assessment is free. A relative or friend may come along and speak for you."),
        ("Help for carers", "Carers can have an assessment of their own, and a break from caring."),
        ("Worried about someone", "If an adult may be at risk, tell us. In an emergency call 999 first."),
    ),
    "Libraries and leisure": (
        ("Join a library", "Membership is free from birth. One card works in all our libraries and online."),
        ("Parks and open spaces", "Country parks open at dawn. Some charge for parking on weekends."),
        ("Hire a hall", "Community halls are let by the hour. The caretaker shows you round before you book."),
    ),
}  # fmt: skip
NEWS = (
    ("New library opens in Marlhampton", "The building keeps the old reading room and adds a children's floor."),
    ("Winter gritting begins", "Forty lorries are ready, and salt bins on steep roads have been filled."),
    ("Bus fares frozen until spring", "The council and the operators have agreed to keep single fares where they are."),
    ("Volunteers plant two thousand trees", "Schools and scouts finished the new wood on the ridge in one weekend."),
    ("Budget consultation opens", "Residents have six weeks to say what matters most to them."),
)
POSTS = (
    ("A day with the highways team", "It starts at five, with a flask of tea and a list of forty potholes."),
    ("Why we changed the bin rounds", "Two lorries used to pass each other in the same street every Tuesday."),
    ("Fostering, ten years on", "The spare room was a study once. Now it is whoever needs it."),
)
EVENTS = (
    ("Repair café", "Bring a toaster, a bicycle or a torn coat, and mend it with someone who knows how."),
    ("Careers evening", "Talk to people who do the job: planners, carers, drivers and accountants."),
    ("Autumn bird walk", "Two miles around the reservoir with a ranger. Boots are a good idea."),
)
PLACES = ("Marlhampton council office", "Great Quillbury library", "Otterwick recycling centre")
JOBS = (
    ("Senior Planning Officer", "Aylesward office", "£38,000 to £42,500"),
    ("Care Assistant", "Great Quillbury", "£23,900 to £25,100"),
    ("Refuse Loader", "Otterwick depot", "£24,200"),
    ("Primary School Teacher", "Sedgecombe Primary School", "Main pay range"),
    ("Library Assistant", "Marlhampton library", "£22,800 pro rata"),
    ("Finance Business Partner", "Aylesward office", "£45,600 to £49,900"),
    ("Highways Inspector", "County-wide", "£30,100 to £33,000"),
    ("Social Worker, Children's Services", "Nether Thrumpton", "£36,400 to £44,700"),
)
CARE_TOPICS = (
    ("Childcare", "Nurseries, childminders and clubs, with what you may claim towards their cost."),
    ("Activities and days out", "What to do with children of any age, most of it free or nearly so."),
    ("Being a parent", "Groups, courses and someone to talk to, from pregnancy on."),
    ("Staying at home", "Equipment, meals and visits that let people live where they want to."),
    ("Paying for care", "What the council pays, what you pay, and how that is worked out."),
)
SEARCHES = (
    "bin collection", "council tax", "school term dates", "planning application", "pothole", "library opening times",
    "garden waste renewal", "blue badge", "parking permit", "jobs", "recycling centre booking", "register a death",
    "bus pass", "housing register", "contact", "fly tipping", "dropped kerb", "school transport", "electoral roll",
    "council meetings", "food waste", "carers allowance", "skip permit", "tree preservation order", "allotments",
)  # fmt: skip
SYNONYMS = {
    "recycling centre": ["tip", "dump", "household waste site"],
    "bin collection": ["rubbish day", "trash"],
    "council tax": ["rates"],
    "parking permit": ["residents parking"],
}
MESSAGES = (
    "The lorry missed our street again on Tuesday.",
    "My application has been with you for eight weeks.",
    "There is a deep hole outside my gate and my mother nearly fell.",
    "Please call me after six, I work shifts.",
    "I would like to know why my discount was stopped.",
    "Our neighbour's hedge hides the road sign.",
)
REMARKS = (
    "Please take {name} out of this paragraph, the complaint is not settled.",
    "{name} rang on {phone} about this page and says the date is wrong.",
    "Quote agreed with {name}, written answer from {email}.",
    "Not before {name} has signed the consent form.",
)
