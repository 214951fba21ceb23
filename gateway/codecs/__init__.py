"""Payload codecs of LoRaWAN devices, one file a product; profiles name them."""

from collections.abc import Mapping

from gateway.codecs import (
    dragino_ldds75,
    dragino_lds02,
    dragino_lht65,
    milesight_am103,
    milesight_em300_mcs,
    milesight_em300_th,
    milesight_em300_zld,
    milesight_em310_udl,
    milesight_em400_mud,
    milesight_em500_co2,
    milesight_ws301,
)
from gateway.decoders.decoded import Codec

CODECS: Mapping[str, Codec] = {
    "dragino-ldds75": dragino_ldds75.decode,
    "dragino-lds02": dragino_lds02.decode,
    "dragino-lht65": dragino_lht65.decode,
    "milesight-am103": milesight_am103.decode,
    "milesight-em300-mcs": milesight_em300_mcs.decode,
    "milesight-em300-th": milesight_em300_th.decode,
    "milesight-em300-zld": milesight_em300_zld.decode,
    "milesight-em310-udl": milesight_em310_udl.decode,
    "milesight-em400-mud": milesight_em400_mud.decode,
    "milesight-em500-co2": milesight_em500_co2.decode,
    "milesight-ws301": milesight_ws301.decode,
}
"""By the name a profile writes as `codec`."""


def codec_named(name: str | None) -> Codec | None:
    """The codec of a profile; None when it has none.

    Raises:
        KeyError: a profile names a codec that is not there.
    """
    return None if name is None else CODECS[name.replace("_", "-")]
