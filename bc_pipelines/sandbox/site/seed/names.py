"""Invented words from which people, streets and places are put together; none is meant to be anybody's."""

FIRST_NAMES = (
    "Adelva", "Aldous", "Anwen", "Araminta", "Barnaby", "Bettany", "Bramwell", "Callista", "Caradoc", "Celestine",
    "Clovis", "Cordelia", "Cosmo", "Delphine", "Dorian", "Drusilla", "Eleri", "Emrys", "Enid", "Esmond", "Eulalie",
    "Fabian", "Fenella", "Florian", "Gaynor", "Gideon", "Gwendolen", "Hadrian", "Hesper", "Horatio", "Ianthe",
    "Idris", "Imogen", "Isolde", "Jemima", "Jocasta", "Jolyon", "Kerensa", "Lavinia", "Leopold", "Linnet",
    "Lysander", "Mabli", "Merrick", "Mirabel", "Mungo", "Nerys", "Octavia", "Odette", "Orlando", "Peregrine",
    "Perpetua", "Philippa", "Quentin", "Ranulf", "Rosalind", "Rufus", "Sabrina", "Senara", "Septimus", "Sibyl",
    "Tamsin", "Thaddeus", "Theodora", "Tobias", "Ulric", "Ursula", "Vaughan", "Verity", "Winifred", "Yestin",
    "Zenobia", "Zillah",
)  # fmt: skip
LAST_BEGINNINGS = (
    "Abber", "Alder", "Amber", "Apple", "Ash", "Barrow", "Beck", "Birken", "Bram", "Brindle", "Calder", "Carrow",
    "Chal", "Clover", "Corn", "Crake", "Dagger", "Dapple", "Dunnock", "Elder", "Elver", "Fallow", "Fern", "Finch",
    "Flax", "Gorse", "Grim", "Haw", "Heron", "Hollin", "Kestrel", "Larch", "Linden", "Marl", "Merle", "Mossy",
    "Nettle", "Osier", "Otter", "Pinder", "Plover", "Quill", "Rook", "Rowan", "Sedge", "Sorrel", "Thistle", "Tansy",
    "Wether", "Willow", "Wren", "Yarrow",
)  # fmt: skip
LAST_ENDINGS = (
    "bank", "beam", "bourne", "brook", "by", "combe", "cote", "croft", "dale", "den", "fold", "ford", "garth", "gill",
    "grave", "hithe", "holt", "hurst", "land", "lea", "mere", "more", "ness", "rigg", "shaw", "side", "stead",
    "thwaite", "twistle", "wardine", "water", "wick", "with", "worth",
)  # fmt: skip
STREET_WORDS = ("Bobbin", "Candle", "Dovecote", "Fiddler", "Gander", "Kiln", "Ladle", "Millrace", "Pepper", "Thimble")
STREET_KINDS = ("Lane", "Road", "Close", "Rise", "Mews", "Way")
TOWNS = ("Nether Thrumpton", "Great Quillbury", "Marlhampton", "Otterwick St Giles", "Sedgecombe")
MAIL_DOMAINS = ("post.example", "mailbox.example", "example.com", "example.org", "example.net", "homemail.test")
