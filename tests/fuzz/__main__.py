"""``python -m tests.fuzz``: fuzz the decoders; exits with 1 when one of them failed.

By count (``--inputs``), or for a time (``--seconds``), which is how CI runs it, guided: every input
is traced, and those that reach new lines are mutated further.
"""

import argparse
import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.fuzz.campaign import Campaign, Tally, processes
from tests.fuzz.targets import TARGETS
from tests.fuzz.tracing import ROOT, lines_of

_BATCH = 5_000
_GUIDED_BATCH = 200


def main() -> int:
    arguments = _arguments()
    size = _GUIDED_BATCH if arguments.guided else _BATCH
    start = time.monotonic()
    # Not forked: a child that is a copy would share what the parent had traced and drawn.
    with ProcessPoolExecutor(processes(), multiprocessing.get_context("spawn")) as executor:
        campaign = Campaign(executor, arguments.target or list(TARGETS), arguments.seed, size)
        while not campaign.failures and _goes_on(arguments, campaign, time.monotonic() - start):
            campaign.round(guided=arguments.guided)
            took = time.monotonic() - start
            sys.stderr.write(f"\r{campaign.inputs:,} inputs, {campaign.inputs / took:,.0f}/s ")
    took = time.monotonic() - start
    sys.stderr.write("\n")
    for failure in campaign.failures:
        sys.stderr.write(f"{failure.target}, kept as {failure.write()}\n{failure.why}\n")
    json.dump(_report(campaign, took, arguments.seed), sys.stdout, indent=2)
    sys.stdout.write("\n")
    return int(bool(campaign.failures) or not campaign.inputs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000_000, help="at least so many, of all")
    parser.add_argument("--seconds", type=float, help="go on for so long instead")
    parser.add_argument("--guided", action="store_true", help="trace every input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only this one")
    return parser.parse_args()


def _goes_on(arguments: argparse.Namespace, campaign: Campaign, took: float) -> bool:
    if arguments.seconds is not None:
        return took < arguments.seconds
    return campaign.inputs < arguments.inputs


def _report(campaign: Campaign, took: float, seed: int) -> dict[str, object]:
    return {
        "inputs": campaign.inputs,
        "seconds": round(took, 1),
        "inputs_per_second": round(campaign.inputs / took),
        "seed": seed,
        "failures": len(campaign.failures),
        "targets": {name: _told(tally) for name, tally in campaign.tallies.items()},
    }


def _told(tally: Tally) -> dict[str, object]:
    wanted = {line for module in tally.target.modules for line in lines_of(ROOT / module)}
    return {
        "inputs": tally.inputs,
        "accepted": tally.accepted,
        "lines_reached": len(tally.lines & wanted),
        "lines": len(wanted),
        "corpus": len(tally.corpus),
        "most_steps_of_bound": round(tally.most_steps, 3),
        "most_octets_of_bound": round(tally.most_octets, 3),
    }


if __name__ == "__main__":
    sys.exit(main())
