"""List the English words by which person, tense and age of a text are told."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


FIRST = _words("i i'm i've i'd i'll me my mine myself we we're we've we'd we'll us our ours ourselves")
SECOND = _words("you you're you've you'd you'll your yours yourself yourselves")
THIRD = _words(
    "he she they he's she's they're he'd she'd they'd him her his hers them their theirs himself herself"
    " themselves"
)
PAST = _words(
    "was were had did said went came saw took stood knew thought told felt got made gave found left kept began held"
    " brought ran sat heard let meant met paid put sent set spoke rose fell fought flew drew drove ate drank slept"
    " woke wore won wrote threw caught bought built burnt chose crept dealt dug fed fled forgot froze grew hid hung"
    " laid lay led lent lit lost rang rode sang sank shook shone shot shut slid spent sprang stole struck swam swept"
    " swore swung taught tore understood wept wound wasn't weren't hadn't didn't couldn't became leaned leant knelt"
    " blew broke bent bit bled"
)
UNSURE_PAST = _words("let put set shut lay left found felt meant wound bent lost hid fed")
PRESENT = _words(
    "is are am has does says goes comes sees takes stands knows thinks tells feels gets makes gives finds leaves"
    " keeps begins holds brings runs sits hears lets means meets sends speaks rises falls fights flies draws drives"
    " eats drinks sleeps wakes wears writes throws catches chooses creeps flees grows hides hangs lays leads loses"
    " rings rides sings sinks shakes shines slides springs steals strikes swims sweeps swings tears understands weeps"
    " looks turns walks waits opens closes moves seems watches reaches pulls pushes nods smiles steps whispers calls"
    " asks isn't aren't don't doesn't it's he's she's they're i'm we're becomes leans kneels blows breaks answers"
    " stops starts lifts drops crosses follows listens laughs shouts climbs glances shrugs"
)
NOT_PAST = _words(
    "red bed need needed indeed hundred hundreds speed seed feed shed sled naked wicked sacred beloved crooked ragged"
    " rugged aged wretched blessed exceed proceed succeed greed breed weed deed embed tired scared supposed used"
    " haired eyed armed legged handed"
)
SUBJECT = _words("i you he she it we they who")
BASE = _words(
    "walk look see hear feel know think say go come take stand run sit hold turn reach open close move want wait watch"
    " find give make keep begin pull push step climb follow listen smile nod breathe remember try stop start"
)

OLD = _words(
    "thou thee thy thine hath doth hast dost art wilt shalt 'tis 'twas ere oft whence thither hither nay yea verily"
    " forsooth behold unto"
)
COMMON = _words(
    "the and of to a in was he she it that his her i you is with for on at as had they but not be by from this my we"
    " were are an their into out up there one what who when then so no if like its down him them said would could over"
    " back through or all your have has where"
)
