"""What `evrisim kernel` says about what it made."""

from typing import TYPE_CHECKING, Any

from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    import numpy as np

    from evrisim.filtering import Photograph
    from evrisim.kernels import Contributions, Extraction


def facts_of_sum(name: str, terms: "Contributions") -> dict[str, Any]:
    """Give one sum as plain values."""
    return {
        "kernel": name,
        "pixel": [terms.row, terms.column],
        "patch": terms.patch.tolist(),
        "products": terms.products.tolist(),
        "value": terms.value,
    }


def facts(photograph: "Photograph", found: dict[str, "Extraction"]) -> dict[str, Any]:
    """Give the image and, for each kernel, sizes with their formula and ranges as plain values."""

    def measured(values: "np.ndarray") -> dict[str, Any]:
        return {
            "rows": values.shape[0],
            "columns": values.shape[1],
            "low": float(values.min()),
            "high": float(values.max()),
        }

    rows, columns = photograph.pixels.shape[:2]
    return {
        "image": {
            "name": photograph.name,
            "rows": rows,
            "columns": columns,
            "original": list(photograph.original),
        },
        "kernels": [
            {
                "name": name,
                "kernel": one.kernel.tolist(),
                "filtered": measured(one.filtered),
                "detected": measured(one.detected),
                "condensed": measured(one.condensed),
                "formulas": {
                    "filtered": [size.formula for size in one.filter_sizes],
                    "condensed": [size.formula for size in one.pool_sizes],
                },
            }
            for name, one in found.items()
        ],
    }


def lines(output: Output, photograph: "Photograph", value: dict[str, Any]) -> list[str]:
    """Say in lines what `facts` holds, and where the files are."""
    header = (_("kernel"), _("size"), _("filtered"), _("range"), _("condensed"), _("range"))
    rows = [
        (
            one["name"],
            _size_of_kernel(one["kernel"]),
            _size(one["filtered"]),
            _range(one["filtered"]),
            _size(one["condensed"]),
            _range(one["condensed"]),
        )
        for one in value["kernels"]
    ]
    return [
        _sentence_of_image(photograph),
        *output.table(header, rows),
        *_formulas(value["kernels"]),
        *_sentences_of_files(value),
    ]


def _sentence_of_image(photograph: "Photograph") -> str:
    rows, columns = photograph.pixels.shape[:2]
    before = photograph.original
    if (rows, columns) == before:
        return _("{name}: {rows} × {columns} pixels").format(
            name=photograph.name, rows=rows, columns=columns
        )
    return _(
        "{name}: {rows} × {columns} pixels, cut or shrunk from {before_rows} × {before_columns} "
        "(--crop, --size)"
    ).format(
        name=photograph.name,
        rows=rows,
        columns=columns,
        before_rows=before[0],
        before_columns=before[1],
    )


def _formulas(kernels: list[dict[str, Any]]) -> list[str]:
    """Write each calculation once, whichever kernels share it."""
    lines: dict[str, None] = {}
    for one in kernels:
        for text, (height, width) in (
            (_("filtered: height {height}, width {width}"), one["formulas"]["filtered"]),
            (_("condensed: height {height}, width {width}"), one["formulas"]["condensed"]),
        ):
            lines[text.format(height=height, width=width)] = None
    return list(lines)


def _sentences_of_files(value: dict[str, Any]) -> list[str]:
    lines = [_("Picture: {path}").format(path=value["picture"])]
    if "sum" in value:
        found = value["sum"]
        lines.append(
            _("Sum of {kernel} at row {row}, column {column}: {value}; {path}").format(
                kernel=found["kernel"],
                row=found["pixel"][0],
                column=found["pixel"][1],
                value=f"{found['value']:.6g}",
                path=found["picture"],
            )
        )
    if "animation" in value:
        found = value["animation"]
        lines.append(
            _("Animation of {kernel} on the image at {rows} × {columns} pixels: {path}").format(
                kernel=found["kernel"],
                rows=found["rows"],
                columns=found["columns"],
                path=found["file"],
            )
        )
    return lines


def _size_of_kernel(kernel: list[list[Any]]) -> str:
    return f"{len(kernel)} × {len(kernel[0])}"


def _size(one: dict[str, Any]) -> str:
    return f"{one['rows']} × {one['columns']}"


def _range(one: dict[str, Any]) -> str:
    return f"{one['low']:.4g} … {one['high']:.4g}"
