"""Be the people: a process of its own that writes into many channels at a steady rate, for `channels.py`.

Reads a plan as one line of JSON, plays it, prints what came of it as one line. Whoever is late does not slow the
others down: each act has its time, however long the ones before it take. A nonce tells when it was sent.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import aiohttp

EPHEMERAL = 64
PATIENCE = 30.0  # seconds that one request may take
TALE = (
    "Rain came over the harbour, and the keeper counted the ships that were still out.",
    "A bell rang twice below the cliff; nobody had touched its rope for eleven years.",
    "Far out, a light answered, slow and patient, like someone breathing in their sleep.",
    "By morning the fog had taken the pier, the chapel and half of the road to the north.",
)

Plan = dict[str, Any]


def stamp() -> str:
    """Return now, as a nonce; the clock is the same in every process."""
    return str(time.monotonic_ns())


class People:
    """Play a plan: writers write, and askers let the narrator go on and on."""

    def __init__(self, http: aiohttp.ClientSession, plan: Plan) -> None:
        self._http = http
        self._plan = plan
        self._statuses: Counter[str] = Counter()
        self._passages = 0
        self._narrations = 0

    async def play(self) -> dict[str, Any]:
        """Play to the end; return how requests were answered and how many narrations came to an end."""
        askers = [asyncio.create_task(self._ask_on(asker)) for asker in self._plan["askers"]]
        async with asyncio.TaskGroup() as acts:
            start = time.monotonic()
            for number in range(int(self._plan["rate"] * self._plan["seconds"])):
                due = start + number / self._plan["rate"]
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                acts.create_task(self._write(number))
        for task in askers:
            task.cancel()
        ends = await asyncio.gather(*askers, return_exceptions=True)
        broken = [repr(end) for end in ends if not isinstance(end, asyncio.CancelledError)]
        return {
            "answers": self._statuses,
            "passages": self._passages,
            "narrations": self._narrations,
            "askers_lost": broken,
        }

    async def _write(self, number: int) -> None:
        """Write one passage: by the command and by typing, turn about, in every channel."""
        writers = self._plan["writers"]
        round_, place = divmod(number, len(writers))
        writer = writers[place]
        words = f"{TALE[number % len(TALE)]} It was hour {number} of the watch."
        if (round_ + place) % 2:
            body = {"content": words, "nonce": stamp()}
            taken = await self._post(writer["token"], f"/channels/{writer['channel']}/messages", body)
        else:
            taken = await self._command(writer, "write", [{"type": 3, "name": "text", "value": words}])
        self._passages += taken

    async def _ask_on(self, asker: Plan) -> None:
        """Ask for a passage, wait until it stands, ask for the next."""
        async with self._http.ws_connect(self._plan["gateway"], max_msg_size=0) as ws:
            await ws.send_json({"op": 2, "d": {"token": asker["token"], "properties": {}}})
            while True:
                await self._command(asker, "continue", [])
                self._narrations += await _ended(ws)
                await ws.send_json({"op": 1, "d": None})

    async def _command(self, person: Plan, name: str, options: list[dict[str, Any]]) -> bool:
        body = {
            "type": 2,
            "application_id": self._plan["application"],
            "guild_id": self._plan["guild"],
            "channel_id": person["channel"],
            "session_id": "bench",
            "nonce": stamp(),
            "data": {**self._plan["commands"][name], "options": options},
        }
        return await self._post(person["token"], "/interactions", body)

    async def _post(self, token: str, path: str, body: dict[str, Any]) -> bool:
        """Send a request; tell whether the playground took it."""
        url = self._plan["api"] + path
        try:
            async with self._http.post(url, json=body, headers={"Authorization": token}) as response:
                await response.read()
                self._statuses[str(response.status)] += 1
                return response.status < 400
        except (aiohttp.ClientError, TimeoutError) as error:
            self._statuses[type(error).__name__] += 1
            return False


async def _ended(ws: aiohttp.ClientWebSocketResponse) -> bool:
    """Wait until the private "thinking" goes, as it does when the passage stands, or becomes a refusal."""
    thinking = None
    async for frame in ws:
        heard = json.loads(frame.data)
        match heard["t"], heard["d"]:
            case "MESSAGE_CREATE", {"flags": flags, "id": number} if flags & EPHEMERAL:
                thinking = number
            case ("MESSAGE_DELETE" | "MESSAGE_UPDATE") as name, {"id": number} if number == thinking:
                return bool(name == "MESSAGE_DELETE")
    raise ConnectionError("the gateway hung up")


async def _main(plan: Plan) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        return await People(http, plan).play()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_main(json.loads(sys.stdin.readline())))) + "\n")
