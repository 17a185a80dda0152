"""Extract the comments of the contract, which the server's reflection serves.

    python -m scripts.lib.comments CONTRACT FILE

CONTRACT is a descriptor set with source info. FILE becomes a descriptor set whose
files have only a name and comments.
"""

import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from scripts.lib.reference import PACKAGE


def main(contract: Path, target: Path) -> None:
    """Extract the comments of `contract` into `target`."""
    kept = FileDescriptorSet()
    for file in FileDescriptorSet.FromString(contract.read_bytes()).file:
        if file.package != PACKAGE:
            continue
        commented = kept.file.add(name=file.name).source_code_info
        for location in file.source_code_info.location:
            if location.leading_comments:
                commented.location.add(
                    path=location.path, span=location.span, leading_comments=location.leading_comments
                )
    target.write_bytes(kept.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
