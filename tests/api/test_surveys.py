"""Surveys over the API: what is asked, what is recorded, and who sees it."""

from pathlib import Path

from gateway.api.ids import Kind, global_id
from gateway.model import Customer, Role
from policies.facts import Channel
from tests.api.client import Api, open_api

RECORD = """mutation ($input: RecordSurveyAnswerInput!) { recordSurveyAnswer(input: $input) {
  answer { id score maskedText wantsCall recordedBy complaint { status } call { purpose channels } } replayed
  userErrors { code field message } } }"""

SEEN = """query ($id: ID!, $why: String) { customer(by: {id: $id}) { surveyAnswers {
  score text(reason: $why) maskedText recordedBy contact { purpose } } } }"""


async def followed_up(api: Api, locale: str = "en") -> tuple[Customer, str]:
    customer = await api.world.customer("TEST", locale=locale)
    contact = await api.world.request(customer, Channel.SMS)
    await api.world.deliver()
    return customer, api.id(contact.contact)


def given(contact_id: str, **more: object) -> dict[str, object]:
    return {"input": {"idempotencyKey": "1", "contactId": contact_id, "score": 1} | more}


async def test_an_agent_records_what_was_said_in_a_call(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        _, contact_id = await followed_up(api)
        said = given(contact_id, text="You called too often", wantsCall=True)

        first = (await api.data(RECORD, said, role=Role.AGENT))["recordSurveyAnswer"]
        again = (await api.data(RECORD, said, role=Role.AGENT))["recordSurveyAnswer"]

        answer = first["answer"]
        assert (answer["score"], answer["wantsCall"], answer["recordedBy"]) == (1, True, "agent")
        assert "often" not in answer["maskedText"]
        assert answer["complaint"] == {"status": "OPEN"}
        assert answer["call"] == {"purpose": "FOLLOW_UP", "channels": ["CALLBACK"]}
        assert (first["replayed"], again["replayed"], again["answer"]) == (False, True, answer)


async def test_bad_answers_are_told_what_is_wrong(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        _, contact_id = await followed_up(api)

        for wrong, field in (({"score": 0}, "score"), ({"score": 6}, "score"), ({"text": "a" * 2001}, "text")):
            payload = (await api.data(RECORD, given(contact_id, **wrong), role=Role.AGENT))["recordSurveyAnswer"]
            assert [(one["code"], one["field"]) for one in payload["userErrors"]] == [("INVALID", [field])]
            assert payload["answer"] is None
        await api.data(RECORD, given(contact_id), role=Role.AGENT)
        second = await api.data(RECORD, given(contact_id, idempotencyKey="2"), role=Role.AGENT)
        assert [one["code"] for one in second["recordSurveyAnswer"]["userErrors"]] == ["CONFLICT"]


async def test_a_customer_answers_for_their_own_contact_and_for_no_other(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        mine, own = await followed_up(api)
        theirs, other = await followed_up(api)

        done = (await api.data(RECORD, given(own, score=5), customer=mine))["recordSurveyAnswer"]
        refused = (await api.data(RECORD, given(other, idempotencyKey="2"), customer=mine))["recordSurveyAnswer"]

        assert (done["answer"]["score"], done["answer"]["recordedBy"], done["userErrors"]) == (5, None, [])
        assert [one["code"] for one in refused["userErrors"]] == ["NOT_FOUND"]
        seen = await api.data(SEEN, {"id": api.id(theirs)}, customer=theirs)
        assert seen["customer"]["surveyAnswers"] == []


async def test_the_words_are_masked_but_for_the_customer_and_who_says_why(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        customer, contact_id = await followed_up(api)
        await api.data(RECORD, given(contact_id, score=4, text="Very kind"), role=Role.AGENT)
        id_ = api.id(customer)

        async def text(why: str | None, **who: object) -> str | None:
            found = await api.data(SEEN, {"id": id_, "why": why}, **who)
            shown: str | None = found["customer"]["surveyAnswers"][0]["text"]
            return shown

        assert await text(None, customer=customer) == "Very kind"
        assert await text(None, role=Role.AGENT) is None
        assert await text("a look", role=Role.SERVICE) is None
        assert await text("a look", role=Role.AGENT) == "Very kind"
        views = await api.data(
            "query ($id: ID!) { customer(by: {id: $id}) { views { nodes { what reason } } } }",
            {"id": id_},
            role=Role.COMPLIANCE,
        )
        seen = [one for one in views["customer"]["views"]["nodes"] if one["what"] == "surveyAnswer.text"]
        assert "a look" in [one["reason"] for one in seen]


async def test_staff_list_the_low_scores_and_customers_their_own(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        customers = {}
        for score in (1, 3, 2):
            customer, contact_id = await followed_up(api)
            customers[score] = customer
            await api.data(RECORD, given(contact_id, score=score, idempotencyKey=str(score)), role=Role.AGENT)
        query = """query ($most: Int, $id: ID) { surveyAnswers(scoreAtMost: $most, customerId: $id) {
          totalCount nodes { score } } }"""

        low = (await api.data(query, {"most": 2}, role=Role.COMPLIANCE))["surveyAnswers"]
        one = (await api.data(query, {"id": api.id(customers[3])}, role=Role.SERVICE))["surveyAnswers"]
        own = (await api.data(query, {}, customer=customers[1]))["surveyAnswers"]
        other = (await api.data(query, {"id": api.id(customers[3])}, customer=customers[1]))["surveyAnswers"]

        assert low == {"totalCount": 2, "nodes": [{"score": 1}, {"score": 2}]}
        assert one == {"totalCount": 1, "nodes": [{"score": 3}]}
        assert own == {"totalCount": 1, "nodes": [{"score": 1}]}
        assert other == {"totalCount": 0, "nodes": []}


async def test_what_is_asked_comes_in_the_customers_language(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        customer, contact_id = await followed_up(api, "zh-CN")
        bill = await api.world.bill(customer)
        later = await api.world.request(customer, Channel.EMAIL, bill_id=bill.id)
        query = "query ($id: ID!) { survey(contactId: $id) { scoreQuestion scores answer { score } endsAt } }"

        asked = (await api.data(query, {"id": contact_id}, role=Role.AGENT))["survey"]
        await api.data(RECORD, given(contact_id, score=4), role=Role.AGENT)
        answered = (await api.data(query, {"id": contact_id}, customer=customer))["survey"]
        nothing = (await api.data(query, {"id": api.id(later.contact)}, role=Role.AGENT))["survey"]

        assert asked["scoreQuestion"] == "您对我们的服务态度满意吗？"
        assert (len(asked["scores"]), asked["answer"]) == (5, None)
        assert asked["endsAt"] == "2026-12-24T04:00:00Z"
        assert answered["answer"] == {"score": 4}
        assert nothing is None


async def test_a_low_score_stands_beside_how_the_customer_reacted(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        customer, contact_id = await followed_up(api)
        await api.data(RECORD, given(contact_id, score=2), role=Role.AGENT)

        found = await api.data(
            "query ($id: ID!) { contactPressure(customerId: $id) { periods { reactions { kind count } } } }",
            {"id": global_id(Kind.CUSTOMER, customer.id)},
            role=Role.AGENT,
        )

        assert found["contactPressure"]["periods"][0]["reactions"] == [{"kind": "LOW_SCORE", "count": 1}]
