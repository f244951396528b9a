"""`/api/analytics/vibe`: windows. Figures are in `tests/golden/test_figures.py`. Source: rest.md, section 3.7."""

import httpx
import pytest


async def test_nothing_gives_empty_maps(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/analytics/vibe")

    assert response.json() == {
        "sentimentDistribution": {},
        "userSentimentDistribution": {},
        "contactSentimentDistribution": {},
        "sentimentTrend": [],
        "toneProfile": {"formality": {}, "energy": {}, "pace": {}},
    }


@pytest.mark.parametrize("query", ["days=0", "days=366", "days=", "days=x", "days=1.0", "days=%201", "days=7&days=0"])
async def test_bad_windows_are_named(rest: httpx.AsyncClient, query: str) -> None:
    response = await rest.get(f"/api/analytics/vibe?{query}")

    assert response.status_code == 400
    assert [problem["field"] for problem in response.json()["error"]["details"]["fields"]] == ["days"]


@pytest.mark.parametrize("query", ["days=1", "days=365", "days=0&days=7", "unknown=x"])
async def test_good_windows_pass(rest: httpx.AsyncClient, query: str) -> None:
    assert (await rest.get(f"/api/analytics/vibe?{query}")).status_code == 200
