"""A query as Grafana's InfluxDB data source takes it; the typed builders have none for it."""

from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard as model

from grafana.influxql import Query, Store


@dataclass(frozen=True)
class Target(Dataquery):
    """One query of a panel, `ref` its letter there."""

    ref: str
    query: Query

    @staticmethod
    def source(store: Store) -> model.DataSourceRef:
        """Return the data source that the dashboard's variable *store* names."""
        return model.DataSourceRef(type_val="influxdb", uid=f"${{{store}}}")

    def to_json(self) -> dict[str, object]:
        """Return it as it stands in the dashboard's JSON."""
        return {
            "refId": self.ref,
            "datasource": self.source(self.query.store),
            "rawQuery": True,
            "query": self.query.text,
            "alias": "" if self.query.table else self.query.alias,
            "resultFormat": "table" if self.query.table else "time_series",
        }


@dataclass(frozen=True)
class Built(Builder[Dataquery]):
    """What a panel's builder asks for its target."""

    target: Target

    def build(self) -> Dataquery:
        """Return the target."""
        return self.target


def target(ref: str, query: Query) -> Builder[Dataquery]:
    """Return *query* under the letter *ref*."""
    return Built(Target(ref, query))
