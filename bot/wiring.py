"""Make the client and all that it serves with, and introduce them to each other."""

from dataclasses import dataclass

from bot.client import Services, StoryBot
from bot.clock import SYSTEM, Clock
from bot.config import Config
from bot.engine.engine import Engine
from bot.engine.request import ModelInfo
from bot.pictures.studio import Studio
from bot.reply.aside import Aside
from bot.reply.board import Board
from bot.reply.gathering import Gathering
from bot.reply.performance import Performance
from bot.reply.rewriting import Rewriting
from bot.reply.turn_news import TurnNews
from bot.reply.vote_board import VoteBoard
from bot.reply.vote_timer import VoteTimer
from bot.reply.voting import Voting
from bot.story.ability import Ability
from bot.story.background import Background
from bot.story.boundaries.agreement import Boundaries
from bot.story.boundaries.scenes import Scenes
from bot.story.lore.archive import Archive
from bot.story.lore.jury import Jury
from bot.story.lore.keeper import Keeper
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.lore_check import LoreCheck
from bot.story.lore.meaning import Encoder
from bot.story.lore.proposals import Proposals
from bot.story.lore.search import LoreSearch
from bot.story.memory.keeping_up import KeepingUp
from bot.story.memory.recall import Recall
from bot.story.memory.recapping import Recapper
from bot.story.memory.recaps import Recaps
from bot.story.memory.why import Reasons
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Drafter
from bot.story.narration.narrator import Narrator
from bot.story.pausing import Pausing
from bot.story.questions.finding import Finder
from bot.story.questions.questions import Questions
from bot.story.scribe import Scribe
from bot.story.shelf import Shelf
from bot.story.storyteller import Storyteller
from bot.story.survey.surveying import Survey
from bot.story.tree.editing import Editor
from bot.story.tree.walking import Forester
from bot.story.turns.keeping import TIMER
from bot.story.turns.table import TurnTable
from bot.story.votes import polls
from bot.story.votes.ballot_box import BallotBox
from bot.story.votes.rounds import Rounds
from bot.story.votes.twists import Twists
from bot.timekeeper import Timekeeper
from storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mind:
    """Hold what reads a story and remembers it; the encoder is None where the host has turned it off."""

    scribe: Scribe
    ability: Ability
    jury: Jury
    encoder: Encoder | None
    archive: Archive
    search: LoreSearch
    keeper: Keeper
    knowledge: Knowledge
    recapper: Recapper
    proposals: Proposals
    background: Background


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Hold what tells a story and shows it."""

    board: Board
    shelf: Shelf
    storyteller: Storyteller
    narrator: Narrator
    performance: Performance
    check: LoreCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Hold what lets a group take turns and decide."""

    timekeeper: Timekeeper
    turns: TurnTable
    news: TurnNews
    cards: VoteBoard
    voting: Voting
    gathering: Gathering


def make_bot(
    config: Config, *, engine: Engine, database: Database, hears_typing: bool, clock: Clock = SYSTEM
) -> StoryBot:
    """Make the client and give it its services."""
    bot = StoryBot(settings=config.discord, message_content=hears_typing)
    adapters = Adapters(database=database, names=config.adapters)
    mind = _mind(config, engine=engine, database=database)
    desk = _desk(
        config,
        client=bot,
        engine=engine,
        database=database,
        adapters=adapters,
        mind=mind,
        hears_typing=hears_typing,
        clock=clock,
    )
    table = _table(client=bot, database=database, mind=mind, desk=desk, clock=clock, model=engine.model)
    desk.board.listen(table.news.told)
    desk.board.listen(mind.background.nudge)
    services = _services(
        config,
        engine=engine,
        database=database,
        adapters=adapters,
        mind=mind,
        desk=desk,
        table=table,
        clock=clock,
    )
    chores = (table.timekeeper.run, mind.background.run, table.news.run, table.voting.catch_up)
    bot.provide(services, desk.narrator, chores=chores)
    return bot


def _mind(config: Config, *, engine: Engine, database: Database) -> _Mind:
    encoder = Encoder() if config.memory.embeddings else None
    archive = Archive(database=database, encoder=encoder)
    search = LoreSearch(database=database, archive=archive)
    keeper = Keeper(database=database, archive=archive, search=search)
    scribe = Scribe(engine=engine)
    ability = Ability(database=database, scribe=scribe, model=engine.model.id)
    recapper = Recapper(database=database, scribe=scribe, ability=ability, model=engine.model)
    mind = _Mind(
        scribe=scribe,
        ability=ability,
        jury=Jury(database=database, scribe=scribe, model=engine.model.id),
        encoder=encoder,
        archive=archive,
        search=search,
        keeper=keeper,
        knowledge=Knowledge(database=database, search=search),
        recapper=recapper,
        proposals=Proposals(database=database, scribe=scribe, ability=ability, keeper=keeper, search=search),
        background=Background(database=database),
    )
    _think(mind, Recaps(database=database, recapper=recapper, lore=search, model=engine.model))
    return mind


def _think(mind: _Mind, recaps: Recaps) -> None:
    """Register what is done while nobody waits, most needed first."""
    mind.background.register("reading", mind.ability.trial)
    mind.background.register("recaps", recaps.keep)
    mind.background.register("search", mind.archive.catch_up)
    mind.background.register("presence", mind.knowledge.keep)
    mind.background.register("facts", mind.proposals.due)
    mind.background.register("judging", mind.jury.trial)


def _desk(
    config: Config,
    *,
    client: StoryBot,
    engine: Engine,
    database: Database,
    adapters: Adapters,
    mind: _Mind,
    hears_typing: bool,
    clock: Clock,
) -> _Desk:
    longest = config.limits.passage_characters
    board = Board(client=client, database=database)
    shelf = Shelf(database=database, model=engine.model, adapters=adapters, hears_typing=hears_typing)
    storyteller = Storyteller(database=database, longest=longest, clock=clock)
    drafter = Drafter(
        database=database,
        engine=engine,
        adapters=adapters,
        recall=Recall(database=database, lore=mind.search, knowledge=mind.knowledge),
        settings=config.narrator,
        context=engine.model.context,
    )
    narrator = Narrator(
        database=database, drafter=drafter, jury=mind.jury, model=engine.model.id, clock=clock
    )
    performance = Performance(
        storyteller=storyteller, narrator=narrator, shelf=shelf, board=board, database=database
    )
    check = LoreCheck(
        database=database, search=mind.search, jury=mind.jury, storyteller=storyteller, longest=longest
    )
    return _Desk(
        board=board,
        shelf=shelf,
        storyteller=storyteller,
        narrator=narrator,
        performance=performance,
        check=check,
    )


def _table(
    *, client: StoryBot, database: Database, mind: _Mind, desk: _Desk, clock: Clock, model: ModelInfo
) -> _Table:
    timekeeper = Timekeeper(database=database, clock=clock)
    ballot_box, aside = BallotBox(database=database, clock=clock), Aside()
    cards = VoteBoard(ballot_box=ballot_box, board=desk.board, database=database, aside=aside)
    voting = Voting(
        ballot_box=ballot_box,
        twists=Twists(database=database, scribe=mind.scribe, encoder=mind.encoder),
        performance=desk.performance,
        check=desk.check,
        cards=cards,
        aside=aside,
        database=database,
    )
    gathering = Gathering(
        rounds=Rounds(database=database, clock=clock),
        voting=voting,
        performance=desk.performance,
        check=desk.check,
        database=database,
        clock=clock,
        model=model,
    )
    news = TurnNews(
        client=client,
        database=database,
        board=desk.board,
        performance=desk.performance,
        timekeeper=timekeeper,
        clock=clock,
    )
    news.attend_with(gathering.attend)
    turns = TurnTable(database=database, clock=clock, told=news.told)
    timekeeper.register(TIMER, turns)
    timekeeper.register(polls.TIMER, VoteTimer(voting=voting))
    return _Table(
        timekeeper=timekeeper, turns=turns, news=news, cards=cards, voting=voting, gathering=gathering
    )


def _services(
    config: Config,
    *,
    engine: Engine,
    database: Database,
    adapters: Adapters,
    mind: _Mind,
    desk: _Desk,
    table: _Table,
    clock: Clock,
) -> Services:
    editor = Editor(database=database, longest=config.limits.passage_characters)
    finder = Finder(database=database, archive=mind.archive, search=mind.search)
    return Services(
        status=engine.status,
        adapters=adapters,
        shelf=desk.shelf,
        pausing=Pausing(database=database),
        survey=Survey(database=database),
        studio=Studio(),
        storyteller=desk.storyteller,
        editor=editor,
        forester=Forester(database=database),
        rewriting=Rewriting(editor=editor, check=desk.check, performance=desk.performance),
        performance=desk.performance,
        turns=table.turns,
        voting=table.voting,
        gathering=table.gathering,
        boundaries=Boundaries(database=database),
        scenes=Scenes(database=database, narrator=desk.narrator),
        lore=mind.keeper,
        questions=Questions(database=database, scribe=mind.scribe, ability=mind.ability, finder=finder),
        keeping_up=KeepingUp(database=database, recapper=mind.recapper, lore=mind.search, clock=clock),
        reasons=Reasons(database=database, counter=engine),
        check=desk.check,
        proposals=mind.proposals,
    )
