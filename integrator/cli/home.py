"""Setting up and running: `init`, `migrate`, `settings check`, `worker`, `ministry serve`, `codes refresh`."""

from __future__ import annotations

import click

from integrator import acts
from integrator.cli.output import home_option, json_option, print_json, say
from integrator.log import set_up_log
from integrator.ministry.__main__ import main as ministry_main
from integrator.settings import Settings
from integrator.wiring import create_home, has_home, migrate_store, open_gateway
from integrator.worker.ticks import Worker


@click.command()
@click.option("--if-needed", is_flag=True, help="Succeed quietly when there is a gateway already.")
@home_option
@json_option
def init(settings: Settings, if_needed: bool, as_json: bool) -> None:
    """Make a gateway: keys, database and a settings file in an empty home."""
    if not (if_needed and has_home(settings)):
        create_home(settings)
    if as_json:
        print_json({"home": str(settings.home), "gateway": settings.gateway.name})
        return
    click.echo(say(f"Hazır: {settings.home}", f"Ready: {settings.home}"))
    click.echo(
        say(
            "Anahtarlar keys/ altında: yedekleyin, veritabanından ayrı yerde saklayın. Ayarlar: ibys.toml",
            "Keys are under keys/: back them up, away from the database. Settings: ibys.toml",
        )
    )


@click.command()
@home_option
@json_option
def migrate(settings: Settings, as_json: bool) -> None:
    """Bring the database to the schema of this program. Stop every process and take a backup first."""
    done = migrate_store(settings)
    if as_json:
        print_json({"before": done.before, "after": done.after, "changed": done.before != done.after})
    elif done.before == done.after:
        click.echo(say(f"Şema zaten {done.after}; bir şey değişmedi.", f"Schema is {done.after}; nothing to do."))
    else:
        click.echo(say(f"Şema {done.before} -> {done.after}.", f"Schema {done.before} -> {done.after}."))


@click.group(name="settings")
def settings_group() -> None:
    """The settings in use."""


@settings_group.command()
@home_option
@json_option
def check(settings: Settings, as_json: bool) -> None:
    """Read settings, keys, trust store and WSDL as a start would, and say what is wrong."""
    gateway = open_gateway(settings)
    facts = {
        "home": str(settings.home),
        "environment": settings.gateway.environment,
        "metot": settings.ministry.metot,
        "address_set": bool(settings.ministry.address),
        "signers": len(gateway.cupboard),
        "trusted_certificates": len(gateway.trust) if gateway.trust else 0,
    }
    if as_json:
        print_json({"ok": True, **facts})
        return
    for name, value in facts.items():
        click.echo(f"  {name:22} {value}")
    click.echo(say("Ayarlar kullanılabilir.", "The settings can be used."))


@click.command()
@home_option
@json_option
def worker(settings: Settings, as_json: bool) -> None:
    """Send, ask and checkpoint until SIGTERM; calls under way are finished first. The log goes to stderr as JSON."""
    set_up_log(level=settings.log.level)
    outcomes = Worker(open_gateway(settings), settings).run()
    if as_json:
        print_json({"outcomes": outcomes})


@click.group(name="codes")
def codes_group() -> None:
    """Code lists that the ministry serves."""


@codes_group.command()
@home_option
@json_option
def refresh(settings: Settings, as_json: bool) -> None:
    """Fetch the training codes from the ministry."""
    count = acts.refresh_codes(open_gateway(settings))
    print_json({"codes": count}) if as_json else click.echo(say(f"{count} eğitim kodu.", f"{count} training codes."))


@click.group(name="ministry")
def ministry_group() -> None:
    """The false ministry to test against."""


@ministry_group.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> int:
    """Run the stub; its own options follow (`ibys ministry serve --help`)."""
    return ministry_main(["serve", *arguments])


COMMANDS = [init, migrate, settings_group, worker, codes_group, ministry_group]
