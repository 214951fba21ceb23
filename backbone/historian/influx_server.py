"""One InfluxDB over HTTP, through influxdb-client: line protocol in, InfluxQL out, errors as ours.

Writes go to /api/v2/write and reads to /query, which InfluxDB 1.8, 2.x and 3.x all answer.
"""

import contextlib
import threading
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from influxdb_client import BucketsApi, DBRPCreate, DBRPsService, InfluxDBClient, WriteService
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influxql import delete, identifier, where
from backbone.historian.port import HistorianRefused, HistorianUnavailable

TIMEOUT_MS = 10_000
QUERY_TIMEOUT_MS = 60_000
_GZIP = 16 + zlib.MAX_WBITS
_REFUSED = frozenset({400, 422})
_TOO_LARGE = 413
_WORDS = 200
_ONE_BY_ONE = "3."
_DATABASES = "databases"
"""VictoriaMetrics answers every question as if it were SHOW DATABASES, which we never ask: taken for an answer it would
be an empty chart."""

log = structlog.get_logger()


class TooLarge(HistorianRefused):
    """The server takes no request of this size."""


class LinesRefused(HistorianRefused):
    """The server refused lines of a request; the others may be stored or not. `dropped` of them, if it said so.

    `named`: why it refused which, by their number in the request from 1; empty: it named none.
    """

    def __init__(self, reason: str, dropped: int | None, named: Mapping[int, str] | None = None) -> None:
        super().__init__(reason)
        self.dropped = dropped
        self.named = named or {}


class Overloaded(HistorianUnavailable):
    """Too busy, failing, or out of reach: worth another try after `retry_after_s`, if it said when."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Misled(HistorianUnavailable):
    """Reads would go to another bucket than writes: nothing is done until that is put right."""


class _Statement(msgspec.Struct):
    series: list[dict[str, Any]] = []
    error: str = ""


class _Answer(msgspec.Struct):
    results: list[_Statement] = []
    error: str = ""


class InfluxServer:
    """A bucket of a server. Methods may be called from several threads."""

    def __init__(self, address: InfluxAddress) -> None:
        self._address = address
        credentials: dict[str, Any] = {"token": address.token or ""}
        if address.user is not None:
            credentials = {"token": f"{address.user}:{address.password}", "auth_basic": True}
        self._client = InfluxDBClient(address.base, timeout=TIMEOUT_MS, org=address.org, **credentials)
        self._api = self._client.api_client
        self._writes = WriteService(self._api)
        self._prepared = False
        self._version = ""
        self._preparing = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._api.rest_client.pool_manager.clear()
        self._client.close()

    def ping(self) -> str:
        """The server's version; empty if it does not say.

        Raises:
            Overloaded: it does not answer.
        """
        with self._translated():
            answer = self._api.request("GET", f"{self._address.base}/ping", headers=dict(self._api.default_headers))
        return str(answer.getheader("X-Influxdb-Version", "")).lstrip("v")

    @property
    def shows_at_once(self) -> bool:
        """Whether what it has taken is in its next answer; of others nobody promises it."""
        return self._version.startswith(("1.", "2."))

    def write(self, body: bytes, precision: str) -> None:
        """Lines of line protocol.

        Raises:
            Overloaded, HistorianUnavailable, TooLarge, LinesRefused
        """
        self._prepare()
        options = {}
        if self._address.gzip:
            # The client's own gzip compresses at level 9, which takes longer than the server takes to store the lines.
            packer = zlib.compressobj(1, wbits=_GZIP)
            body = packer.compress(body) + packer.flush()
            options["content_encoding"] = "gzip"
        with self._translated():
            self._writes.post_write(self._address.org, self._address.bucket, body, precision=precision, **options)

    def query(self, *statements: str) -> list[list[dict[str, Any]]]:
        """The series of each statement's answer, times in ms.

        Raises:
            HistorianUnavailable, HistorianRefused
        """
        self._prepare()
        with self._translated():
            if self._version.startswith(_ONE_BY_ONE):
                answer = [series for one in statements for series in self._query_3x(one)]
            else:
                answer = self._query("GET", "; ".join(statements))
        if any(series.get("name") == _DATABASES for statement in answer for series in statement):
            raise HistorianRefused(
                f"{self._address.base} takes readings but answers no InfluxQL, so what it keeps cannot be shown: it "
                "may be a VictoriaMetrics. Name an InfluxDB in ANJU_HISTORIAN_URL"
            )
        return answer

    def _query_3x(self, statement: str) -> list[list[dict[str, Any]]]:
        """3.x takes one statement a request, and makes a database when it is first written to."""
        try:
            return self._query("GET", statement)
        except ApiException as error:
            if error.status != 404:
                raise
            return [[]]

    def must_delete(self) -> None:
        """Nothing, of a server that can.

        Raises:
            HistorianRefused: the server cannot (3.x): its buckets are given a retention of their own.
            HistorianUnavailable: not now.
        """
        self._prepare()
        if not self._version.startswith(("1.", "2.")):
            raise HistorianRefused(
                f"InfluxDB at {self._address.base} deletes nothing by family and age: give the bucket a retention"
            )

    def delete(self, measurement: str, before: int, tags: Mapping[str, str]) -> None:
        """Delete what a measurement has of some tags before a time (Unix ms).

        Raises:
            HistorianRefused: see `must_delete`.
            HistorianUnavailable: not now.
        """
        self.must_delete()
        with self._translated():
            if self._version.startswith("1."):
                self._query("POST", delete(measurement, where(0, before, **tags)))
            else:
                terms = [f"{name}={identifier(value)}" for name, value in {"_measurement": measurement, **tags}.items()]
                start, stop = (datetime.fromtimestamp(t / 1000, UTC) for t in (0, before))
                self._client.delete_api().delete(
                    start, stop, " AND ".join(terms), bucket=self._address.bucket, org=self._address.org
                )

    def _query(self, method: str, text: str) -> list[list[dict[str, Any]]]:
        parameters = [("db", self._address.database), ("q", text), ("epoch", "ms")]
        if self._address.retention_policy:
            parameters.append(("rp", self._address.retention_policy))
        response = self._api.request(
            method,
            f"{self._address.base}/query",
            query_params=parameters,
            headers={**self._api.default_headers, "Accept": "application/json"},
            _request_timeout=QUERY_TIMEOUT_MS,
        )
        answer = msgspec.json.decode(response.data, type=_Answer)
        for error in (answer.error, *(statement.error for statement in answer.results)):
            if "database not found" in error:
                raise HistorianUnavailable(self._no_bucket())
            if error:
                raise HistorianRefused(f"InfluxDB: {error}")
        return [statement.series for statement in answer.results]

    def _prepare(self) -> None:
        """Once: what the server's kind needs before it takes writes and answers InfluxQL, if we are allowed to."""
        with self._preparing:
            if self._prepared:
                return
            version = self._version = self.ping()
            try:
                with self._translated():
                    if version.startswith("1."):
                        self._query("POST", f"CREATE DATABASE {identifier(self._address.database)}")
                    elif version.startswith("2."):
                        self._map_bucket()
            except (Overloaded, Misled):
                raise
            except (HistorianUnavailable, HistorianRefused) as error:
                # Whoever set the server up may have done this, and given us no right to: writing will show.
                log.info("the bucket was not prepared by us", bucket=self._address.bucket, reason=str(error))
            self._prepared = True

    def _map_bucket(self) -> None:
        """InfluxDB 2.x answers InfluxQL for a bucket only through a DBRP mapping: the first there is.

        Buckets named `database` and `database/policy` have virtual ones, each a default; one that is made goes first.
        """
        mappings = DBRPsService(self._api)
        name, policy = self._address.database, self._address.retention_policy or "autogen"
        known = mappings.get_dbr_ps(org=self._address.org, db=name).content or []
        bucket = BucketsApi(self._client).find_bucket_by_name(self._address.bucket)
        if bucket is None:
            raise HistorianUnavailable(self._no_bucket())
        asked = self._address.retention_policy
        used = next((one for one in known if (one.retention_policy == asked if asked else one.default)), None)
        if used is not None and used.bucket_id == bucket.id:
            return
        if used is not None and not used.virtual:
            raise Misled(
                f"InfluxDB at {self._address.base} answers InfluxQL for '{name}' from another bucket than "
                f"'{self._address.bucket}', which is written to: change its DBRP mapping (`influx v1 dbrp update`)"
            )
        mappings.post_dbrp(
            DBRPCreate(org=self._address.org, bucket_id=bucket.id, database=name, retention_policy=policy, default=True)
        )

    def _no_bucket(self) -> str:
        return f"InfluxDB at {self._address.base} has no bucket or database '{self._address.bucket}': create it"

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise self._as_ours(error) from error
        except (HTTPError, OSError) as error:
            raise Overloaded(f"InfluxDB at {self._address.base} does not answer: {error}") from error
        except msgspec.MsgspecError as error:
            raise Overloaded(f"{self._address.base} does not answer as an InfluxDB: {error}") from error

    def _as_ours(self, error: ApiException) -> HistorianRefused | HistorianUnavailable:
        reason = _message(error)
        status = int(error.status or 0)
        if status == _TOO_LARGE:
            return TooLarge(f"InfluxDB: {reason}")
        if status in _REFUSED:
            return LinesRefused(reason, _dropped(reason), _named(error))
        if status in {401, 403}:
            return HistorianUnavailable(
                f"InfluxDB at {self._address.base} refuses the credentials in ANJU_HISTORIAN_URL ({status}): {reason}"
            )
        if status == 404:
            return HistorianUnavailable(f"{self._no_bucket()} ({reason})")
        return Overloaded(f"InfluxDB at {self._address.base}: {status} {reason}", _retry_after_s(error))


def _message(error: ApiException) -> str:
    """The words in an error's body: `error` in 1.x, `message` in 2.x, both or plain text in 3.x."""
    try:
        body = msgspec.json.decode(error.body or "", type=dict[str, Any])
    except msgspec.MsgspecError:
        text = str(error.body or "").strip()
        return text[:_WORDS] if text and not text.startswith("<") else str(error.reason)
    return str(body.get("error") or body.get("message") or error.reason)


class _Line(msgspec.Struct):
    """A line that 3.x refuses."""

    line_number: int
    error_message: str


class _Partial(msgspec.Struct):
    """What 3.x says of a request it took in part."""

    data: list[_Line]


def _named(error: ApiException) -> dict[int, str]:
    try:
        lines = msgspec.json.decode(error.body or "", type=_Partial).data
    except msgspec.MsgspecError:
        return {}
    return {line.line_number: line.error_message for line in lines}


def _dropped(reason: str) -> int | None:
    number = reason.rpartition("dropped=")[2]
    # Lines that could not be parsed are not in the number.
    return int(number) if number.isdecimal() and "unable to parse" not in reason else None


def _retry_after_s(error: ApiException) -> float | None:
    value = (error.headers or {}).get("Retry-After", "")
    return float(value) if str(value).isdecimal() else None
