"""The words for reasons, English and Chinese side by side, so that neither is forgotten."""

from collections.abc import Mapping

#: code -> (English, Chinese)
SENTENCES: Mapping[str, tuple[str, str]] = {
    "no_contact_point": (
        "The customer has no contact point of their own for this channel.",
        "客户本人没有可用于此渠道的联系方式。",
    ),
    "unusable_contact_point": (
        "The contact point is known not to work or not to be the customer's.",
        "该联系方式已知无效或不属于客户本人。",
    ),
    "no_time_zone": (
        "The customer's time zone is not known, so a person must decide.",
        "客户所在时区未知，须由人工处理。",
    ),
    "wanted": ("This request has not expired; it does at {until}.", "该请求尚未过期，有效至{until}。"),
    "not_wanted_yet": ("This contact is planned for no earlier than {until}.", "该次联系计划不早于{until}进行。"),
    "best_moment_ahead": (
        "At this time of day the customer has reacted before, so it waits until {until}.",
        "客户以往常在该时段回应，因此等到{until}再联系。",
    ),
    "awaited": (
        "The customer waits for this now, so contact hours that spare what is awaited do not hold it.",
        "客户正在等待此消息，因此对此类消息豁免的联系时段限制不适用。",
    ),
    "no_longer_wanted": ("This contact is wanted only until {until}.", "该请求仅在{until}之前有效。"),
    "never_opens": (
        "There is no time within {days} days at which every rule allows this contact.",
        "{days}天内没有任何时间符合全部规则。",
    ),
    "hours_open": ("The contact hours are open until {until}.", "当前处于可联系时段，截至{until}。"),
    "hours_always_open": ("The contact hours are always open.", "全天均可联系。"),
    "hours_closed": (
        "It is outside the contact hours, which open at {until}.",
        "当前不在可联系时段，{until}起可联系。",
    ),
    "hours_never_open": ("The contact hours never open.", "没有任何可联系时段。"),
    "wish_respected": (
        "It is within the hours that the customer asked for.",
        "当前符合客户指定的联系时间。",
    ),
    "wish_unwanted": (
        "The customer does not wish to be contacted now, but may be from {until}.",
        "客户希望此时不被联系，{until}起可联系。",
    ),
    "wish_never_open": (
        "The customer's wishes leave no hour for this contact.",
        "按客户指定的时间，没有可联系的时段。",
    ),
    "shared_cap": (
        "A limit on contacts about this debt is respected.",
        "已遵守该笔债务的联系次数上限。",
    ),
    "cap_free": (
        "{used} of {limit} {period} are used {scope}.",
        "{scope}{period}上限{limit}次，已用{used}次。",
    ),
    "cap_full": (
        "{used} of {limit} {period} are used {scope}; the next is possible from {until}.",
        "{scope}{period}上限{limit}次，已用{used}次；{until}起可再次联系。",
    ),
    "no_recent_conversation": (
        "There was no conversation about this debt in the last {days} days.",
        "最近{days}天内未就该债务通话。",
    ),
    "cooling_down": (
        "There was a conversation about this debt; the {days} days after it end at {until}.",
        "已就该债务通话，{days}天的间隔期于{until}结束。",
    ),
    "consent_not_withdrawn": ("The customer has not withdrawn consent.", "客户未撤回同意。"),
    "consent_withdrawn": (
        "The customer withdrew consent on {at} for {channel}, {point} and {purpose}.",
        "客户已于{at}撤回同意，范围：{channel}、{point}、{purpose}。",
    ),
    "consent_granted": (
        "The customer granted consent on {at} for {channel}, {point} and {purpose}.",
        "客户已于{at}表示同意，范围：{channel}、{point}、{purpose}。",
    ),
    "consent_missing": (
        "This needs the customer's consent ({purpose}), and there is none on record.",
        "此类联系（{purpose}）须事先取得客户同意，目前没有同意记录。",
    ),
    "prior_consent": (
        "The customer agreed to this call in the last {days} days.",
        "客户在最近{days}天内同意此次通话。",
    ),
    "nothing_to_confirm": (
        "There is no opt-out to confirm.",
        "没有需要确认的退订。",
    ),
    "confirmation_due": (
        "The customer opted out less than {minutes} minutes ago, and one confirmation is allowed.",
        "客户退订未满{minutes}分钟，可发送一次确认。",
    ),
    "confirmation_late": (
        "An opt-out may be confirmed only within {minutes} minutes.",
        "退订确认只能在{minutes}分钟内发送。",
    ),
    "confirmed_already": (
        "The opt-out was confirmed already, and one confirmation is all that is allowed.",
        "退订已确认过，只允许确认一次。",
    ),
    "gentler_arrived": (
        "The gentler message ({after}) arrived, and {days} days have passed.",
        "较温和的通知（{after}）已送达，且已过{days}天。",
    ),
    "gentler_waits": (
        "The gentler message ({after}) is given {days} days; this one is possible from {until}.",
        "较温和的通知（{after}）送达后须等待{days}天，{until}起方可发送此类信息。",
    ),
    "gentler_missing": (
        "No gentler message ({after}) has arrived yet, so this one may not be sent.",
        "较温和的通知（{after}）尚未送达，不得发送此类信息。",
    ),
    "own_contact_point": (
        "The contact point belongs to someone who may be contacted ({party}).",
        "该联系方式属于可以联系的人（{party}）。",
    ),
    "third_party": (
        "The contact point belongs to someone else ({party}), who must not learn of a debt.",
        "该联系方式属于他人（{party}），不得向其透露债务。",
    ),
    "stand_in": (
        "The contact point belongs to who is contacted instead of the customer ({party}): {hold}.",
        "该联系方式属于代替客户接受联系的人（{party}）：{hold}。",
    ),
    "place_private": ("Only the customer reads this contact point.", "该联系方式仅由客户本人查看。"),
    "place_discreet": (
        "Others may read this contact point ({place}), so the message must not speak of debt.",
        "他人可能看到该联系方式（{place}），内容不得提及债务。",
    ),
    "place_closed": (
        "This kind of address ({place}) must not be used without the customer's consent.",
        "未经客户同意，不得使用此类地址（{place}）。",
    ),
    "place_opened": (
        "The customer agreed to this address ({place}), wrote from it or gave no other.",
        "客户已同意使用或曾使用该地址（{place}），或未提供其他地址。",
    ),
    "hold": ("Contact is on hold: {hold}.", "联系已暂停：{hold}。"),
    "hold_until": ("Contact is on hold until {until}: {hold}.", "联系暂停至{until}：{hold}。"),
    "hold_not_in_force": ("A hold is on record but not in force now.", "有暂停联系的记录，但目前未生效。"),
    "promise_open": (
        "The customer promised to pay by {pay_by}; no demand before {until}.",
        "客户承诺在{pay_by}前还款，{until}之前不催收。",
    ),
    "promise_not_in_force": (
        "The day by which the customer promised to pay has passed.",
        "客户承诺的还款日已过。",
    ),
    "bill_open": ("The bill is open.", "账单尚未结清。"),
    "bill_closed": ("There is nothing to demand: the bill is {status}.", "无需催收：账单{status}。"),
    "overdue": ("The bill was due on {due_on} and is overdue.", "账单到期日为{due_on}，现已逾期。"),
    "due_ahead": ("The bill is due on {due_on}, and that day has not passed.", "账单到期日为{due_on}，该日尚未过去。"),
    "due_day_passed": (
        "The bill was due on {due_on}: a reminder before the due date comes too late.",
        "账单到期日为{due_on}，该日已过，不再发送到期提醒。",
    ),
    "grace": (
        "The bill was due on {due_on}; in its first {days} overdue days there is no contact, until {until}.",
        "账单到期日为{due_on}，逾期最初{days}天内不得联系，{until}起方可联系。",
    ),
    "grace_ahead": (
        "The bill is due on {due_on} and is not overdue yet.",
        "账单到期日为{due_on}，尚未逾期。",
    ),
    "grace_over": (
        "The bill was due on {due_on}, and its first {days} overdue days have passed.",
        "账单到期日为{due_on}，逾期最初{days}天已过。",
    ),
    "due_far_ahead": (
        "The bill is due on {due_on}, more than {days} days ahead; a reminder is possible from {until}.",
        "账单到期日为{due_on}，距今超过{days}天；{until}起方可提醒。",
    ),
    "not_yet_overdue": (
        "The bill is due on {due_on}; this message is possible from {until}.",
        "账单到期日为{due_on}，{until}起方可发送此类信息。",
    ),
}

_PURPOSES: Mapping[str | None, tuple[str, str]] = {
    "DUE_REMINDER": ("a reminder before the due date", "到期提醒"),
    "OVERDUE_REMINDER": ("a reminder of an overdue bill", "逾期提醒"),
    "OVERDUE_WARNING": ("a warning about an overdue bill", "逾期警示"),
    "FINAL_NOTICE": ("a final notice", "最后通知"),
    "PLAN_OFFER": ("the offer of an easier plan", "还款方案"),
    "PAYMENT_RECEIPT": ("a receipt", "还款回执"),
    "CUSTOMER_REPLY": ("a reply to the customer", "回复客户"),
    "FOLLOW_UP": ("a follow-up", "后续跟进"),
    "SECURITY_CODE": ("a security code", "验证码"),
    "LEGAL_NOTICE": ("a notice required by law", "法定通知"),
    "OPT_OUT_CONFIRMATION": ("the confirmation of an opt-out", "退订确认"),
    "MARKETING": ("marketing", "营销"),
}

#: Words for values: field -> value -> (English, Chinese). None is not narrowed; `*` is any other value.
WORDS: Mapping[str, Mapping[str | None, tuple[str, str]]] = {
    "period": {
        "calendar_day": ("contacts in a day", "每日"),
        "iso_week": ("contacts in a week from Monday", "每周"),
        "calendar_month": ("contacts in a calendar month", "每月"),
        "rolling_days": ("contacts in {length} days", "{length}天内"),
        "rolling_hours": ("contacts in {length} hours", "{length}小时内"),
    },
    "scope": {
        "person": ("for this customer", "该客户"),
        "account": ("for this debt", "该笔债务"),
        "contact_point": ("for this contact point", "该联系方式"),
    },
    "channel": {
        None: ("every channel", "所有渠道"),
        "SMS": ("text messages", "短信"),
        "EMAIL": ("e-mail", "电子邮件"),
        "CALLBACK": ("calls", "电话"),
    },
    # Which address it is says nothing to a reader, and its id less.
    "point": {None: ("every address", "所有联系方式"), "*": ("this address", "该联系方式")},
    "purpose": {None: ("every purpose", "所有用途"), **_PURPOSES},
    "after": _PURPOSES,
    "party": {
        "CUSTOMER": ("the customer", "客户本人"),
        "SPOUSE": ("a spouse", "配偶"),
        "GUARANTOR": ("a guarantor", "担保人"),
        "CONTACT_PERSON": ("a contact person", "联系人"),
        "REPRESENTATIVE": ("a representative", "代理人"),
        "EXECUTOR": ("an executor", "遗产管理人"),
    },
    "place": {
        "MOBILE": ("mobile", "手机"),
        "HOME": ("home", "住所"),
        "WORK": ("work", "工作单位"),
        "PERSONAL": ("personal", "个人"),
    },
    "hold": {
        "CEASE": ("the customer asked for contact to stop", "客户要求停止联系"),
        "DISPUTE": ("the debt is disputed", "债务存在争议"),
        "REPRESENTED": ("somebody speaks for the customer", "客户已委托代理人"),
        "BANKRUPTCY": ("bankruptcy", "破产"),
        "DECEASED": ("the customer has died", "客户已故"),
        "HARDSHIP": ("the customer is in hardship", "客户处于困难"),
        "BREATHING_SPACE": ("breathing space", "债务宽限期"),
        "MINOR": ("the customer is a minor", "客户未成年"),
        "VULNERABLE": ("the customer needs special care", "客户需要特别关照"),
        "WRONG_PERSON": ("the contact point is a wrong person's", "联系方式非客户本人"),
        "COMPLAINT": ("a complaint is open", "投诉处理中"),
        "APPLICATION": ("the customer applied for another plan", "还款方案申请处理中"),
        "ERASURE": ("the customer asked to be forgotten", "客户要求删除个人信息"),
        "UNREAD_REPLY": ("the customer wrote something that a person has to read first", "客户来信待人工阅读"),
    },
    "status": {
        "OPEN": ("open", "未结清"),
        "PAID": ("paid", "已还清"),
        "WRITTEN_OFF": ("written off", "已核销"),
        "DISPUTED": ("disputed", "存在争议"),
        "IN_PLAN": ("repaid by a plan", "已转入还款方案"),
    },
}
