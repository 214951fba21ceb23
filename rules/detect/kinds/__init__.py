"""The kinds of condition at a point that keep a history: one file a kind, registered here.

A kind takes readings, lets time pass, and keeps its state in arrays; delays, batching and checkpoints are shared.
"""

from collections.abc import Mapping

from rules.detect.kinds.at_points import AtPoints
from rules.detect.kinds.bits import Bits
from rules.detect.kinds.changes import Changes
from rules.detect.kinds.deviations import RollingDeviations, SeasonalDeviations
from rules.detect.kinds.doses import Doses
from rules.detect.kinds.forecasts import Forecasts
from rules.detect.kinds.means import Means
from rules.detect.kinds.rates import Rates
from rules.detect.kinds.stuck import Stuck

KINDS: Mapping[str, type[AtPoints]] = {
    "bit": Bits,
    "changes": Changes,
    "dose": Doses,
    "forecast": Forecasts,
    "mean": Means,
    "rate": Rates,
    "rolling": RollingDeviations,
    "seasonal": SeasonalDeviations,
    "stuck": Stuck,
}
"""By the name a site file gives it; a deviation goes by its baseline."""
