"""The folder of one district, read back: what `deploy init` decided and the operator changed since.

Nothing is kept twice: regions and id stand in collector.toml, the broker's names in its
certificate, who was given which certificate in the register.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from collector.deploy import authority, owners, register
from collector.deploy.authority import Signed, Use
from collector.deploy.laying import put
from collector.deploy.owners import Owner, Part
from core.errors import ConfigError

AUTHORITY: Final = "authority"
COMPOSE: Final = "compose.yaml"
PROGRAM_DAYS: Final = 825
"""For broker and collector, which somebody renews beside the server."""
AGENT_DAYS: Final = 1_826
"""For agents: five years, since each is renewed in its school; a lost one is revoked at once."""


@dataclass(frozen=True, slots=True)
class District:
    """`folder` as it is; raises ConfigError from every method where it was not made by us."""

    folder: Path

    @property
    def in_containers(self) -> bool:
        """Whether the services run in containers, or under systemd."""
        return (self.folder / COMPOSE).exists()

    def owners(self) -> dict[Part, Owner]:
        """Return whose the files are."""
        return owners.in_containers() if self.in_containers else owners.on_the_host()

    def collector(self) -> tuple[str, list[str]]:
        """Return the collector's id and its regions."""
        path = self.folder / "collector" / "collector.toml"
        try:
            table = tomllib.loads(path.read_text("utf-8"))["collector"]
            return str(table.get("id", "d1")), [str(region) for region in table["regions"]]
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError):
            raise ConfigError(f"{path} has no [collector] regions; see check-config") from None

    def base_url(self) -> str:
        """Return where people find the collector's pages, "" where nobody said."""
        path = self.folder / "collector" / "collector.toml"
        try:
            return str(tomllib.loads(path.read_text("utf-8")).get("alerts", {}).get("base_url", ""))
        except (OSError, tomllib.TOMLDecodeError, AttributeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}; see check-config") from None

    def broker_hosts(self) -> list[str]:
        """Return the names and addresses in the broker's certificate, as they were given."""
        path = self.folder / "mosquitto" / "server.pem"
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (OSError, ValueError, x509.ExtensionNotFound) as error:
            raise ConfigError(f"{path} is no certificate of a broker: {error}") from None
        return [str(one.value) for one in names.value]

    def signer(self) -> Signed:
        """Return the authority; raises ConfigError where there is none, or only half of it."""
        home = self.folder / AUTHORITY
        try:
            return authority.loaded((home / "ca.pem").read_bytes(), (home / "ca.key").read_bytes())
        except OSError as error:
            raise ConfigError(
                f"{error.filename}: {error.strerror}; the folder of the district is made with:  "
                "schoolwatch deploy init FOLDER"
            ) from None
        except (ValueError, TypeError):
            raise ConfigError(f"{home}: ca.pem and ca.key are not two halves of one") from None

    def rows(self) -> list[register.Row]:
        """Return who was given which certificate."""
        return register.read(self.folder / AUTHORITY)

    def issue(
        self, name: str, use: Use, now: datetime, *, days: int, hosts: Iterable[str] = ()
    ) -> Signed:
        """Return a new certificate, which stands in the register before anybody has it."""
        made = authority.issue(self.signer(), name, use, now, days=days, hosts=hosts)
        row = register.row_of(made, name, use, now)
        register.write(self.folder / AUTHORITY, [*self.rows(), row])
        return made

    def revoke(self, serials: Iterable[str], now: datetime) -> None:
        """Have those *serials* refused from the broker's next start on."""
        rows = register.revoke(self.rows(), serials, now)
        register.write(self.folder / AUTHORITY, rows)
        self.write_revoked(rows, now)

    def write_revoked(self, rows: Iterable[register.Row], now: datetime) -> None:
        """Write the list of revoked certificates that the broker reads."""
        revoked = {row.number: datetime.fromisoformat(row.revoked) for row in rows if row.revoked}
        number = int(now.timestamp())
        listed = authority.revocations(self.signer(), revoked, number, now)
        put(self.folder / "mosquitto" / "revoked.pem", listed, self.owners()["mosquitto"])
