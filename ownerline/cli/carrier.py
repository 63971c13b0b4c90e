"""`ownerline carrier`: the simulated carrier in a process of its own, for several dialers."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from ownerline.cli.app import app, run, say, settings_here


@app.command()
def carrier(
    *,
    listen: Annotated[
        str, typer.Option(help="127.0.0.1:PORT (0: any) or unix:/path.")
    ] = "127.0.0.1:0",
    population: Annotated[
        Path | None,
        typer.Option(help="JSON lines of e164 and behaviour; without it the customer file's."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds meet equal people.")] = 1,
) -> None:
    """Run the home's simulated carrier until told to end; dialers find it by simulated_carrier."""
    from dialer.bridges.simulated.remote.address import CarrierAddress
    from dialer.bridges.simulated.remote.population import read_population
    from ownerline.carrier import TOKEN_FILE, carrier_apart
    from ownerline.runtime import open_runtime

    settings = settings_here()
    address = CarrierAddress.parse(listen)
    people = None if population is None else read_population(population)

    async def serve() -> None:
        async with (
            open_runtime(settings) as runtime,
            carrier_apart(runtime, address=address, seed=seed, people=people) as bound,
        ):
            say(f'simulated_carrier = "{bound}"')
            if bound.path is None:
                say(f'simulated_carrier_token_file = "{settings.home / TOKEN_FILE}"')
            sys.stdout.flush()  # whoever started it waits for the address
            await asyncio.get_running_loop().create_future()

    run(serve())
