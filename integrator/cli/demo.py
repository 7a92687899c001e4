"""`ibys demo`: the main job end to end, against a ministry in another process, counted from its ledger."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from integrator.cli.messages import print_causes
from integrator.cli.output import as_rows, json_option, print_json, print_table, say
from integrator.domain.texts import Language
from integrator.log import set_up_log
from integrator.settings import ASSUMED
from integrator.trial.run import Result, run_trial

_STATES: dict[str, dict[Language, str]] = {
    "accepted": {"tr": "bakanlık kabul etti", "en": "the ministry accepted it"},
    "partial": {"tr": "bir bölümü kabul edildi", "en": "accepted in part"},
    "pending": {"tr": "bakanlık işliyor", "en": "the ministry is processing it"},
    "held": {"tr": "bir kişiyi bekliyor", "en": "waits for a person"},
    "refused": {"tr": "bakanlık reddetti", "en": "the ministry refused it"},
}


@click.command()
@click.option(
    "--records", default=300, show_default=True, type=click.IntRange(1, 200_000), help="Training sessions in the file."
)
@click.option(
    "--seed",
    default=None,
    type=click.IntRange(0),
    help="Same seed, same people and same faults; drawn and printed if not given.",
)
@click.option("--metot", default="soap-g2", show_default=True, type=click.Choice(list(ASSUMED)))
@click.option(
    "--faults",
    default="usual",
    show_default=True,
    type=click.Choice(["none", "usual", "hostile"]),
    help="How the ministry behaves.",
)
@click.option(
    "--personality",
    default="metro",
    show_default=True,
    type=click.Choice(["metro", "axis", "dotnet"]),
    help="How it does what no published text says.",
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Run in this new folder and keep it.")
@json_option
def demo(
    records: int, seed: int | None, metot: str, faults: str, personality: str, keep: Path | None, as_json: bool
) -> int:
    """From a file of trainings to accepted notifications, with evidence; everything in it is invented."""
    set_up_log(level="ERROR")
    seed = secrets.randbelow(100_000) if seed is None else seed
    if not as_json:
        click.echo(
            say(
                f"İBYS entegratör denemesi, tohum {seed}. Karşıdaki bakanlık değildir; kişiler uydurmadır.",
                f"İBYS integrator demo, seed {seed}. The other side is not the ministry; all people are invented.",
            )
        )
    with tempfile.TemporaryDirectory(prefix="ibys-demo-") as temporary, _bar(show=not as_json) as bar:
        tasks = {
            "accept": bar.add_task(say("denetle, imzala, kuyruğa al", "check, sign, queue"), total=records),
            "deliver": bar.add_task(say("gönder, sor, sonuçlandır", "send, ask, settle"), total=None),
        }

        def progress(what: str, done: int, total: int) -> None:
            bar.update(tasks[what], completed=done, total=total or records)

        home = keep or Path(temporary) / "home"
        result = run_trial(
            home, records=records, seed=seed, faults=faults, progress=progress, metot=metot, personality=personality
        )
    if as_json:
        print_json({"metot": metot, **result.as_json()})
    else:
        _print(result, metot, keep)
    return 0 if _holds(result) else 5


def _holds(result: Result) -> bool:
    count = result.count
    return not (count.lost or count.duplicate_effects or count.unexpected or count.misjudged or result.report.broken)


def _bar(*, show: bool) -> Progress:
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, disable=not show or not sys.stdout.isatty())


def _print(result: Result, metot: str, keep: Path | None) -> None:
    facts = result.as_json()
    parts = facts["parts"]
    print_table(
        say("1. İçeri", "1. In"),
        (say("ne", "what"), say("adet", "count")),
        [
            (say("eğitim kaydı (dosyadan)", "training records (from the file)"), facts["kayit"]),
            (
                say(
                    f"bildirim (bölünmüş, imzalı, {metot})",
                    f"messages (split, signed, {metot})",
                ),
                facts["bildirim"],
            ),
            (say("parça (çalışan x eğitim)", "parts (worker x training)"), parts["expected"]),
        ],
    )
    print_table(
        say("2. Nerede duruyorlar", "2. Where they stand"),
        (say("durum", "state"), say("adet", "count"), say("anlamı", "meaning")),
        [(state, count, say(*_meaning(state))) for state, count in as_rows(result.states)],
    )
    codes = ", ".join(f"{code} x {count}" for code, count in as_rows(result.codes))
    click.echo(say(f"Bakanlığın kodları: {codes}", f"The ministry's codes: {codes}"))
    print_causes(result.held)
    print_table(
        say(
            f"3. Bakanlığın yaptıkları ({result.trial.faults}) ve bizim denemelerimiz",
            f"3. What the ministry did ({result.trial.faults}), and our attempts",
        ),
        (
            say("bakanlığın kusuru", "the ministry's fault"),
            say("adet", "count"),
            say("denemenin sonucu", "attempt ended"),
            say("adet", "count"),
        ),
        _side_by_side(as_rows(result.ministry["faults"]), as_rows(result.denemeler)),
    )
    seconds = facts["seconds_of"]
    print_table(
        say("4. Kanıt", "4. Evidence"),
        (say("ne", "what"), say("değer", "value")),
        [
            (
                say("denetim kaydı / mühür", "audit entries / checkpoints"),
                f"{facts['audit']['entries']} / {facts['audit']['checkpoints']}",
            ),
            (say("ağacın kökü", "root of the tree"), facts["audit"]["root"][:32] + "..."),
            (
                say("süre: kabul, teslim, doğrulama", "seconds: accept, deliver, verify"),
                f"{seconds['accept']} / {seconds['deliver']} / {seconds['verify']}",
            ),
            (
                say("bakanlıkta bulunan parça", "parts found at the ministry"),
                f"{parts['at_ministry']} / {parts['expected']}",
            ),
            (say("bir kişiye gösterilen parça", "parts shown to a person"), parts["shown_to_a_person"]),
        ],
    )
    audit = say("doğrulandı", "verified") if result.report.broken is None else f"BROKEN: {result.report.broken}"
    click.echo(
        f"lost {facts['lost']}   duplicate effects {facts['duplicate_effects']}   audit {audit}   {facts['seconds']} s"
    )
    if keep:
        click.echo(say(f"Ev saklandı: ibys status --home {keep}", f"The home is kept: ibys status --home {keep}"))


def _meaning(state: str) -> tuple[str, str]:
    texts = _STATES.get(state, {"tr": "-", "en": "-"})
    return texts["tr"], texts["en"]


def _side_by_side(left: list[tuple[str, int]], right: list[tuple[str, int]]) -> list[tuple[object, ...]]:
    longest = max(len(left), len(right))
    filled = [[*side, *[("", "")] * (longest - len(side))] for side in (left, right)]
    return [(*a, *b) for a, b in zip(*filled, strict=True)]


COMMANDS = [demo]
