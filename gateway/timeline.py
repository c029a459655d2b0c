"""The record of a customer in plain sentences, English and Chinese side by side, so that neither is forgotten.

A sentence says what happened and nothing personal: who may see a message, a reply or a note sees it in its own field.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from gateway.model import GATEWAY, WEBHOOK
from gateway.money import exact
from gateway.store.attempts import GIVEN_BACK
from gateway.store.timeline import Entry
from policies.words import WORDS

SENTENCES: Mapping[str, tuple[str, str]] = {
    "customer.registered": ("The customer was registered.", "客户信息已登记。"),
    "customer.changed": ("What is known of the customer was changed.", "客户信息已更新。"),
    "customer.linked": (
        "The customer was linked with other references of the same person.",
        "已与同一人的其他编号关联。",
    ),
    "customer.erased": ("The customer's data key was destroyed.", "客户的数据密钥已销毁。"),
    "contact_point.added": ("An address was added ({channel}).", "新增联系方式（{channel}）。"),
    "contact_point.changed": ("An address was changed.", "联系方式已变更。"),
    "contact_point.marked": ("An address was marked as usable or not.", "联系方式的可用状态已标记。"),
    "account.registered": ("A debt was registered ({product}).", "债务已登记（{product}）。"),
    "account.changed": ("What is known of a debt was changed.", "债务信息已更新。"),
    "bill.registered": (
        "A bill of {amount_due} {currency} was registered, due on {due_on}.",
        "账单已登记：{amount_due} {currency}，还款日{due_on}。",
    ),
    "bill.registered.paid": (
        "A bill of {amount_due} {currency} was registered, due on {due_on}; {amount_paid} of it is paid.",
        "账单已登记：{amount_due} {currency}，还款日{due_on}，已还{amount_paid}。",
    ),
    "bill.changed": (
        "The bill of {amount_due} {currency}, due on {due_on}, is {bill_status}; {amount_paid} of it is paid.",
        "账单（{amount_due} {currency}，还款日{due_on}）状态：{bill_status}，已还{amount_paid}。",
    ),
    "bill.credited": (
        "{amount_paid} of the bill is paid; it is {bill_status}.",
        "账单已还{amount_paid}，状态：{bill_status}。",
    ),
    "payment": ("A payment of {amount} {currency} came in.", "收到还款{amount} {currency}。"),
    "consent": (
        "Consent was {consent_status} for {channel} and {purpose}.",
        "同意状态：{consent_status}，范围：{channel}、{purpose}。",
    ),
    "consent.point": (
        "Consent was {consent_status} for {channel} to {point} and {purpose}.",
        "同意状态：{consent_status}，范围：{channel}（{point}）、{purpose}。",
    ),
    "contact": ("{purpose} was asked for by {requested_by}.", "{requested_by}请求：{purpose}。"),
    "contact.diverted": (
        "{asked_purpose} was asked for by {requested_by}; because paying is hard for the customer it became {purpose}.",
        "{requested_by}请求{asked_purpose}；因客户还款困难，改为{purpose}。",
    ),
    "contact.cancelled": ("The contact was taken back before it left.", "该次联系在发出前已撤回。"),
    "contact.settled": (
        "A person said what had become of the contact: {contact_status}.",
        "已由人工确认该次联系的结果：{contact_status}。",
    ),
    "decision": ("It was decided: {outcome} by {channel}.", "决定：{channel}{outcome}。"),
    "attempt": ("Try number {number} by {channel} began.", "第{number}次尝试（{channel}）开始。"),
    "attempt_event": (
        "What became of the try by {channel}: {attempt_outcome}.",
        "该次尝试（{channel}）的结果：{attempt_outcome}。",
    ),
    "attempt_event.given_back": (
        "The agent gave the call back.",
        "坐席未完成该通电话，已退回队列。",
    ),
    "outside_contact": (
        "{initiator} made contact elsewhere ({medium}): {result}.",
        "{initiator}另行联系（{medium}）：{result}。",
    ),
    "outside_contact.reply": ("A message of the customer came in: {medium}.", "收到客户消息：{medium}。"),
    "reply": ("The customer wrote to us; it was taken to mean {meaning}.", "客户来信，理解为：{meaning}。"),
    "reply.understood": ("What the customer wrote was acted on at once.", "客户来信已即时处理。"),
    "reply.settled": ("A person has dealt with what the customer wrote.", "客户来信已由人工处理。"),
    "hold": ("Contact was put on hold: {hold}.", "暂停联系：{hold}。"),
    "hold.lifted": ("This does not stop contact any more: {hold}.", "已解除暂停联系：{hold}。"),
    "promise": ("A payment was promised for {pay_by}.", "已约定在{pay_by}前还款。"),
    "promise.kept": ("The promise was kept.", "客户已兑现承诺。"),
    "promise.broken": ("The day of the promise passed before all of it was paid.", "承诺的还款日已过，尚未足额还款。"),
    "promise.withdrawn": ("The promise was withdrawn.", "承诺已撤回。"),
    "application": (
        "The customer applied for another plan, in {instalments} instalments.",
        "客户申请还款方案，共{instalments}期。",
    ),
    "application.submitted": (
        "While it is open, nothing demands the bill.",
        "申请处理期间暂停催收。",
    ),
    "application.decided": (
        "The application for another plan was decided: {application_status}.",
        "还款方案申请结果：{application_status}。",
    ),
    "application.ended": (
        "The application for another plan ended with its bill, of which nothing is to be paid any more.",
        "账单已无需还款，还款方案申请随之结束。",
    ),
    "application.withdrawn": ("The customer withdrew the application for another plan.", "客户撤回了还款方案申请。"),
    "hardship_signal": ("Something says that paying is hard: {signal}.", "客户可能还款困难：{signal}。"),
    "hardship_signal.withdrawn": ("A sign of hardship was withdrawn.", "还款困难的记录已撤销。"),
    "callback.claimed": ("A colleague took over the call.", "客服已接手回访电话。"),
    "callback.released": ("The call was given back to the queue.", "回访电话已退回队列。"),
    "callback.recorded": ("How the call went was recorded.", "回访电话结果已登记。"),
    "complaint": ("The customer complained.", "客户投诉。"),
    "complaint.settled": ("The complaint was settled.", "投诉已处理。"),
    "survey_answer": (
        "The customer was asked how we did, and gave {score} of 5.",
        "回访问卷评分：{score}分（满分5分）。",
    ),
}
"""By the kind of an entry."""

_UNKNOWN = ("Something was recorded ({kind}).", "已记录（{kind}）。")

_ITS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "outcome": {"ALLOW": ("allowed", "允许"), "DEFER": ("later", "延后"), "REFUSE": ("no", "不允许")},
    "bill_status": cast("Mapping[str, tuple[str, str]]", WORDS["status"]),
    "consent_status": {"GRANTED": ("given", "同意"), "WITHDRAWN": ("withdrawn", "撤回")},
    "contact_status": {"DELIVERED": ("it arrived", "已送达"), "FAILED": ("it did not arrive", "未送达")},
    "attempt_outcome": {
        "OPEN": ("under way", "进行中"),
        "ACCEPTED": ("taken by the provider", "服务商已接收"),
        "DELIVERED": ("it reached the customer", "已送达客户"),
        "TEMPORARY_FAILURE": ("not reached this time", "本次未送达"),
        "PERMANENT_FAILURE": ("it cannot be delivered", "无法送达"),
        "UNKNOWN": ("not known", "结果未知"),
    },
    "application_status": {
        "APPROVED": ("approved", "已批准"),
        "DECLINED": ("declined", "未批准"),
        "WITHDRAWN": ("withdrawn", "已撤回"),
        "ENDED": ("ended", "已结束"),
    },
    "initiator": {
        "LENDER": ("The lender", "贷款机构"),
        "AGENCY": ("An agency", "外包机构"),
        "CUSTOMER": ("The customer", "客户"),
    },
    "medium": {
        "SMS": ("a text", "短信"),
        "EMAIL": ("an e-mail", "电子邮件"),
        "VOICE": ("a call", "电话"),
        "AI_VOICE": ("an automatic call", "智能语音电话"),
        "IM": ("a chat", "即时消息"),
        "LETTER": ("a letter", "信函"),
        "VISIT": ("a visit", "上门"),
    },
    "result": {
        "ATTEMPTED": ("nobody was reached", "未接通"),
        "CONNECTED": ("it was answered", "已接通"),
        "CONVERSATION": ("they talked", "已通话"),
        "DELIVERED": ("it arrived", "已送达"),
    },
    "product": {
        "CONSUMER_LOAN": ("a consumer loan", "消费贷款"),
        "CREDIT_CARD": ("a credit card", "信用卡"),
    },
    "signal": {
        "JOB_LOSS": ("the job was lost", "失业"),
        "ILLNESS": ("illness", "患病"),
        "FAMILY_LOSS": ("a death in the family", "亲人离世"),
        "INCOME_FELL": ("income fell", "收入减少"),
        "SPENDING_CHANGED": ("spending changed", "消费情况变化"),
        "OTHER": ("another difficulty", "其他困难"),
        "WROTE_OF_HARDSHIP": ("they wrote of it", "客户来信提及"),
    },
    "meaning": {
        "STOP": ("stop this channel", "停止该渠道"),
        "STOP_ALL": ("stop everything", "停止所有联系"),
        "START": ("begin again", "恢复联系"),
        "HELP": ("a call for help", "请求帮助"),
        "WRONG_PERSON": ("a wrong person", "非本人"),
        "HARDSHIP": ("that paying is hard", "还款困难"),
        "DISPUTE": ("a dispute", "有异议"),
        "COMPLAINT": ("a complaint", "投诉"),
        "UNCLEAR": ("something a person has to read", "待人工阅读"),
    },
}
"""Words for values that only a record has."""

_CHANNELS: Mapping[str, tuple[str, str]] = {
    "SMS": ("text", "短信"),
    "EMAIL": ("e-mail", "电子邮件"),
    "CALLBACK": ("call", "电话"),
}
_FROM = {
    "bill_status": "status",
    "consent_status": "status",
    "contact_status": "status",
    "application_status": "status",
    "attempt_outcome": "outcome",
    "hold": "kind",
    "signal": "kind",
}
"""The column behind a name, where it is another."""
_AMOUNTS = {"amount", "amount_due", "amount_paid"}
_LIKE = {"asked_purpose": "purpose"}


def say(entry: Entry, language: str) -> str:
    """What happened, as a sentence: in Chinese for any `zh` language, otherwise in English."""
    place = 1 if language.lower().startswith("zh") else 0
    sentence = SENTENCES.get(_kind(entry), _UNKNOWN)[place]
    said = sentence.format_map(_Words(entry, place))
    # A caller's name is as the caller has it.
    return said if sentence.startswith("{requested_by}") else said[0].upper() + said[1:]


def _kind(entry: Entry) -> str:
    """Which sentence it is: of some tables more than one."""
    if entry.kind == "contact" and entry.values.get("asked_purpose"):
        return "contact.diverted"
    if entry.kind == "bill.registered" and Decimal(entry.values.get("amount_paid", "0")) > 0:
        return "bill.registered.paid"
    if entry.kind == "consent" and entry.values.get("point"):
        return "consent.point"
    if entry.kind == "attempt_event" and entry.values.get("detail") == GIVEN_BACK:
        return "attempt_event.given_back"
    if entry.kind == "reply.settled" and entry.values.get("caller_id") == GATEWAY.id:
        return "reply.understood"
    if entry.kind == "outside_contact" and str(entry.values.get("caller_id")).startswith(WEBHOOK):
        return "outside_contact.reply"
    return entry.kind


class _Words(dict[str, str]):
    """The words of a sentence; what the record does not hold any more is a dash."""

    def __init__(self, entry: Entry, place: int) -> None:
        super().__init__(kind=entry.kind)
        self._values, self._place = entry.values, place

    def __missing__(self, name: str) -> str:
        value: Any = self._values.get(_FROM.get(name, name))
        if name in _AMOUNTS and value is not None:
            return str(exact(Decimal(str(value)), str(self._values["currency"])))
        if name == "instalments":
            return str(len(value or ()))
        if name == "channel" and value is not None:
            return _CHANNELS[str(value)][self._place]
        known: Mapping[Any, tuple[str, str]] = _ITS.get(name) or WORDS.get(_LIKE.get(name, name)) or {}
        words = known.get(None if value is None else str(value))
        return words[self._place] if words else "-" if value is None else str(value)
