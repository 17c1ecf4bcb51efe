"""What the compose file promises: read, for no engine is at hand to try it."""

import re
from pathlib import Path
from typing import Any

import pytest

from musicmatch.stack import variables
from musicmatch.stack.options import read
from musicmatch.stack.procfile import commands
from tests.hosting.compose import (
    APP,
    COMPOSE,
    DOCKERFILE,
    EXAMPLE,
    SERVICES,
    interpolated,
    of_image,
    passed_on,
    read_by_settings,
)

# Read by the settings, and not for a host to say.
NOT_OF_A_HOST = {
    "PORT": "a laptop's",
    "SPOTIFY_STANDIN": "a laptop's",
    "METRICS_DIR": "a folder of DATA_DIR",
    "SPOTIFY_URL": "SPOTIFY_API_URL says it",
    "SPOTIFY_AUTH_URL": "SPOTIFY_ACCOUNTS_URL says it",
}
ONE_OFF = {"migrate"}
EXACT = re.compile(r"^[\w./-]+:\d+\.\d+\.\d+[\w.-]*$")
each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_a_container_is_refused_what_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["init"] is True
    for folder in service["tmpfs"]:
        assert {"nosuid", "nodev", "noexec"} <= set(folder.split(":")[1].split(","))
        assert "size=" in folder


@each_service
def test_a_container_has_limits_and_somebody_who_looks(name: str) -> None:
    service = SERVICES[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    if name in ONE_OFF:
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert service["healthcheck"]["timeout"]
    assert service["stop_grace_period"]


@each_service
def test_an_image_is_pinned_or_built_here(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert f" AS {service['build']['target']}" in DOCKERFILE
    else:
        assert EXACT.match(service["image"])


def test_stages_start_from_pinned_images_and_install_by_hashes() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 3
    assert all(EXACT.match(base) for base in bases)
    assert "pip install --require-hashes" in DOCKERFILE
    assert "uv pip sync --compile-bytecode --require-hashes" in DOCKERFILE
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users == [SERVICES["proxy"]["user"], SERVICES["web"]["user"]]


def test_only_the_proxy_is_reached_from_outside() -> None:
    networks = COMPOSE["networks"]
    internal = {name for name, said in networks.items() if (said or {}).get("internal")}
    assert internal == {"front", "store"}
    on = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert {name for name, said in SERVICES.items() if said.get("ports")} == {"proxy"}
    assert {name for name, said in on.items() if "outside" in said} == {"proxy"}
    assert on["proxy"] == {"outside", "front"}
    assert on["postgres"] == on["redis"] == {"store"}
    assert on["migrate"] == on["beat"] == {"store"}
    # Spotify and the server for mails are asked from these two.
    assert {name for name, said in on.items() if "services" in said} == {
        "web",
        "worker",
    }
    assert not [name for name, said in SERVICES.items() if "network_mode" in said]


def test_what_is_kept_lies_in_volumes_and_nothing_else_is_mounted() -> None:
    mounted = {
        name: [volume.split(":")[0] for volume in service.get("volumes", [])]
        for name, service in SERVICES.items()
    }
    assert set().union(*mounted.values()) == set(COMPOSE["volumes"])
    assert mounted["postgres"] == ["postgres"]
    assert mounted["redis"] == ["redis"]


def test_the_site_comes_after_what_it_needs() -> None:
    assert SERVICES["migrate"]["depends_on"].keys() == {"postgres"}
    for name in ("web", "worker", "beat"):
        needs = SERVICES[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["redis"]["condition"] == "service_healthy"
    assert SERVICES["proxy"]["depends_on"]["web"]["condition"] == "service_healthy"


def test_redis_throws_nothing_out_and_finds_it_again() -> None:
    command = SERVICES["redis"]["command"]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_every_setting_can_be_passed_in(tmp_path: Path) -> None:
    """When this fails: name the setting in .env.example and docker-compose.yml."""
    environment = SERVICES["web"]["environment"]
    given = {name.removesuffix("_FILE") for name in environment} | of_image()
    assert read_by_settings(tmp_path) - given == set(NOT_OF_A_HOST)


def test_the_example_names_what_the_compose_file_takes() -> None:
    assert set(variables.settings_of_a_host()) == passed_on() | interpolated()


def test_secrets_are_named_in_the_example_and_used() -> None:
    used: set[str] = set()
    for service in SERVICES.values():
        used |= set(service.get("secrets", []))
    assert set(COMPOSE["secrets"]) == used
    assert set(re.findall(r"^#   (\w+)  ", EXAMPLE, re.MULTILINE)) == used
    for name, said in COMPOSE["secrets"].items():
        assert said == {"file": f"./secrets/{name}"}


@pytest.mark.parametrize("name", APP)
def test_secrets_reach_the_app_as_files(name: str) -> None:
    service = SERVICES[name]
    files = {
        key.removesuffix("_FILE"): path
        for key, path in service["environment"].items()
        if key.endswith("_FILE")
    }
    assert set(files) == set(variables.SECRETS)
    assert {path: f"/run/secrets/{key.lower()}" for key, path in files.items()} == {
        path: path for path in files.values()
    }
    assert set(service["secrets"]) == {key.lower() for key in files}
    # Nothing that is a secret is also taken from .env.
    assert not set(files) & (interpolated() | passed_on())


def _stack(**shell: str) -> Any:
    return read([], shell, has_caddy=True)


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"postgres", "redis"}))
def test_make_stack_runs_the_same_commands(name: str) -> None:
    assert " ".join(commands()[name]) == SERVICES[name]["command"]


def test_make_stack_passes_the_same_variables() -> None:
    everything = dict.fromkeys(variables.settings_of_a_host(), "x")
    told = variables.of_app(_stack(**everything))
    ours = set(told) - {"DJANGO_SETTINGS_MODULE"}
    assert ours == set(SERVICES["web"]["environment"]) | of_image() - {"PATH"}
    # What nobody set is not there at all, rather than empty.
    assert not set(variables.of_app(_stack())) & passed_on()
    assert told["DEBUG"] == "0"


def test_make_stack_tells_the_proxy_the_same() -> None:
    told = variables.of_proxy(_stack())
    theirs = {*SERVICES["proxy"]["environment"], "XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    assert set(told) == theirs | {"HTTP_PORT", "PROBE_PORT"}
