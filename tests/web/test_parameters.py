"""Parameters in addresses: each that is not described is refused by its name, before anything is done."""

from __future__ import annotations

import re

import pytest

from web.parameters import FREE


def test_a_parameter_that_an_address_does_not_take_is_refused_by_its_name(client) -> None:
    asked = [
        (method, path, told)
        for path, operations in client.get("/openapi.json").json()["paths"].items()
        for method, told in operations.items()
        if not path.startswith(FREE)
    ]
    assert len(asked) > 80
    for method, path, told in asked:
        address = re.sub("{[^}]+}", "1", path)
        refused = client.request(method, address, params={"dry_rum": "true", "_": "1"})
        assert refused.status_code == 422, f"{method} {path}"
        assert [one["field"] for one in refused.json()["details"]] == ["dry_rum"], f"{method} {path}"
        for parameter in told.get("parameters", ()):
            assert parameter["in"] != "query" or parameter["name"] in refused.json()["error"], f"{method} {path}"
        assert "422" in told["responses"], f"{method} {path}"


@pytest.mark.parametrize("path", ["/", "/viewers", "/settings", "/docs", "/openapi.json", "/health", "/api/stats"])
def test_links_and_probes_may_carry_more_and_whoever_wants_no_kept_answer_says_so(client, path) -> None:
    more = {"_": "1"} if path == "/api/stats" else {"utm_source": "mail", "_": "1"}
    assert client.get(path, params=more).status_code == 200


def test_a_list_is_not_imported_where_the_trial_was_misspelt(client) -> None:
    form = {"dryrun": "true"}
    refused = client.post("/api/viewer-profiles/import", files={"file": b"username\nmisspelt"}, data=form)
    assert (refused.status_code, refused.json()["error"].partition(":")[0]) == (422, "dryrun")
    assert client.get("/api/viewer-profiles/misspelt").status_code == 404
