"""Text a person reads, in the languages of the interface."""

from pydantic import BaseModel, ConfigDict


class Text(BaseModel):
    """The same words in Chinese and English; English may be left out and then reads as the Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str = ""

    def in_language(self, language: str) -> str:
        """The words for `language` (`zh`, `zh-CN`, `en`, …)."""
        return self.en if language.startswith("en") and self.en else self.zh
