"""Reads the matrix: all YAML files of this folder."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tests.scenarios.schema import Case, File

_FOLDER = Path(__file__).parent


class MatrixError(Exception):
    """A file is invalid. The text names the file, and each problem in one line."""


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a repeated key is an error; PyYAML would use the last one."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's own signature
    ) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is repeated", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_cases(folder: Path = _FOLDER) -> list[Case]:
    """Return the cases of all files in the folder. Raises `MatrixError`."""
    cases: dict[str, Case] = {}
    for path in sorted(folder.glob("*.yaml")):
        for case in _load(path):
            if case.name in cases:
                raise MatrixError(f"{path.name}: there are two cases named {case.name!r}")
            cases[case.name] = case
    return list(cases.values())


def _load(path: Path) -> list[Case]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
        return File.model_validate(content).cases
    except yaml.YAMLError as error:
        raise MatrixError(f"{path.name}: {error}") from None
    except ValidationError as error:
        problems = [f"  {_place(content, each['loc'])}: {each['msg']}" for each in error.errors()]
        raise MatrixError("\n".join([f"{path.name}:", *problems])) from None


def _place(content: Any, location: tuple[int | str, ...]) -> str:
    """Return the place in the file, with the case's name in place of its index."""
    match location:
        case ("cases", int(index), *rest):
            case_ = content["cases"][index]
            named = case_.get("name") if isinstance(case_, dict) else None
            return " / ".join(map(str, [repr(named) if named else f"case {index + 1}", *rest]))
        case _:
            return " / ".join(map(str, location))
