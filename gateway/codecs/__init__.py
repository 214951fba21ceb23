"""Payload codecs of LoRaWAN devices, one file a product; profiles name them."""

from collections.abc import Mapping

from gateway.codecs import dragino_ldds75, dragino_lds02, milesight_em300_zld, milesight_em310_udl
from gateway.decoders.decoded import Codec

CODECS: Mapping[str, Codec] = {
    "dragino-ldds75": dragino_ldds75.decode,
    "dragino-lds02": dragino_lds02.decode,
    "milesight-em300-zld": milesight_em300_zld.decode,
    "milesight-em310-udl": milesight_em310_udl.decode,
}
"""By the name a profile writes as `codec`."""


def codec_named(name: str | None) -> Codec | None:
    """The codec of a profile; None when it has none.

    Raises:
        KeyError: a profile names a codec that is not there.
    """
    return None if name is None else CODECS[name.replace("_", "-")]
