"""Play on while the narrator thinks, and where it cannot: nobody is kept waiting for it."""

from pathlib import Path

from tests.scripted import ScriptedBackend
from tests.stage import Stage, saying
from tests.test_e2e_gathering import CLIFF, LAMP, OPENING, hand_in, table
from tests.test_e2e_twist import told


async def test_a_model_that_does_not_know_the_language_weaves_nothing(tmp_path: Path) -> None:
    """What was handed in stands at once as it is, and the model is not asked at all."""
    async with Stage.open(tmp_path, playing=False) as stage:
        stage.backend = ScriptedBackend(stage.script.reply, delay=stage.script.delay, languages=("zh",))
        await stage.enter()
        mara, jun = await table(stage, "round", "Mara", "Jun")
        await told(await hand_in(mara, CLIFF))
        asked = len(stage.backend.requests)
        await hand_in(jun, LAMP)
        await mara.wait_for_message(saying(LAMP, "Jun", button="Continue"))
        assert await stage.told() == [OPENING, CLIFF, LAMP]
        assert [one for one in stage.backend.requests[asked:] if not one.background] == []
