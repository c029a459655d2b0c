"""What hides a word, what only seems to deny it, and the kind words that look like bad ones."""

import re
import tomllib
from pathlib import Path

import pytest

import policies
from policies.facts import Purpose
from policies.folding import SIMPLIFIED
from policies.hardship import SignalKind, load
from policies.tone import Kind, forbidden

FOLDER = Path(next(iter(policies.__path__)))

DENIES_SOMETHING_ELSE = [
    "我们不得不联系您的家人",
    "我们不会放弃起诉",
    "绝不放弃联系您的家人",
    "不会停止联系您的同事",
    "无需通知即可起诉",
    "无需提前告知即上门",
    "不必等到明天警察会来",
    "我们不能不联系您的家人",
    "并不是不联系您的单位",
    "如不还款我们不会不起诉",
    "We will not hesitate to sue you.",
    "We will not stop contacting your family.",
    "We need no permission to contact your employer.",
    "There is no way around legal action.",
    "Without further notice legal action begins.",
    "We will never forget to tell your family.",
    "We cannot but contact your family.",
    "No one can keep us from telling your boss.",
    "We want to tell your employer.",
    "Our agent contacted your employer.",
    "It is our intent to visit your home.",
]

HIDDEN = [
    "我們會聯繫您的家屬",
    "我們將凍結您的帳戶",
    "傳票已寄出",
    "我們將聯繫您的鄰居",
    "擔保人會知道",
    "您的行為違法",
    "請還款，否則將有麻煩",
    "我們會找您的老闆",
    "真丟人，無賴",
    "請於2小時內還款",
    "L e g a l  a c t i o n follows.",
    "l-e-g-a-l a-c-t-i-o-n follows.",
    "w e w i l l s u e",
    "We will 5ue you.",
    "我们法😀院见",
    "征❤信会受影响",
    "您是失❤信的人",
    "司❤法程序",
    "gong an已受理",
    "上zheng信",
    "lao lai",
]

PLAIN = [
    "我们去您家里看看",
    "外访人员将前往您的住所",
    "我们会登门拜访",
    "我们会告诉您的爸妈",
    "我们会联系您的姐姐",
    "我们会联系您的学校",
    "我们会寄到您的户籍所在地",
    "我们会给您的HR打电话",
    "群发短信给您手机里的人",
    "名字贴在小区门口",
    "全村人都会知道",
    "父债子还",
    "孩子将来考公会受影响",
    "我们知道您在哪里上班",
    "网警已受理",
    "纪委会找您",
    "央行已介入",
    "您涉嫌骗贷",
    "我们将移交催收公司",
    "欠钱不还您好意思吗",
    "限您今日18点前",
    "赶紧还钱",
    "我们会让您身败名裂",
    "我们已掌握您的行踪",
    "这是给您的最后一次通知",
    "逾期将被记入个人档案",
    "您的社保将被停",
    "您的支付宝微信会被封",
    "银行卡将被限制使用",
    "您将不能乘坐飞机",
    "欠债者的照片会公开",
    "已将您移送有关部门",
    "法律会制裁您",
    "别装死",
    "躲得了初一躲不过十五",
    "人在做天在看",
    "拖下去对你没好处",
    "我们将保留追索的权利",
    "我们将申请支付令",
    "财产保全程序已启动",
    "资产将被拍卖",
    "您的房子会被收走",
    "工资会被扣",
    "已委托律所处理",
    "您会被列为被执行人",
    "影响您今后贷款买房",
    "将影响您全家",
    "会影响您的名声",
    "我们会每天给您打电话",
    "我们会一直打到您还为止",
    "不还款就天天联系您",
    "请珍惜最后的协商机会",
    "过期不候",
    "逾期不还将加倍处罚",
    "将产生高额罚息",
    "我们将采取法律行动",
    "进入诉前程序",
    "诉前调解通知",
    "中国人民银行通知您",
    "您家门口将贴催收通知",
    "我們會聯絡您公司",
    "We will call every day until you pay.",
    "Your case was transferred to our legal team.",
    "If you fail to pay, we will escalate.",
    "You'll lose everything.",
    "You're a fraud.",
    "Nobody will lend to you again.",
    "Last warning.",
    "We will inform your workplace.",
    "We will keep calling.",
    "Ignoring this will make it worse for you.",
    "Your ID card will be flagged.",
    "People like you never pay.",
    "Do the right thing for once.",
    "Serious action will follow.",
    "请转告张伟尽快还款",
    "先从别的平台借钱把这笔还上",
    "网贷平台可以帮您周转",
    "可以把房子卖了还款",
    "催收员已经出发",
    "我们知道您的住址",
    "别逼我们动真格的",
    "我们将采取一切必要手段",
    "再躲也没用，我们有的是办法找到你",
    "人要脸树要皮",
    "不还钱小心点",
    "只好请您的家里人来谈一谈",
    "Please tell John Smith to pay his debt",
    "Take out another loan to clear this balance",
    "Ask a friend to lend you some money",
    "Sell your car if you have to",
    "We will send someone round",
    "We may have to speak with the people you listed as references",
    "Decent people pay their debts",
    "Things can get ugly from here",
    "Your social security number will be suspended",
    "Your account has been flagged for fraud",
    "We will tell your mum.",
    "We will visit you at your workplace.",
    "Our agents are on their way to your home.",
    "HMRC is informed.",
    "Everyone will know.",
    "We will post your name online.",
    "You have 24 hours.",
    "Your house will be taken.",
    "We'll make your life difficult.",
    "Don't make us come to you.",
    "We will freeze your account.",
    "You can't hide from us.",
    "Stop ignoring us.",
    "We will dock it from your wages.",
    "Do you want everyone at work to know?",
    "Nobody wants to see you in handcuffs.",
    "Everything you own can be taken.",
    "We are watching your account and your movements.",
    "Your daughter's school may learn of it.",
    "Your phone will be locked until this is settled.",
    "Your benefits will be stopped.",
    "Your electricity will be cut off.",
    "Interest doubles tomorrow.",
    "Our patience is over.",
    "Borrow from a friend or relative to get this done.",
    "Take another loan for this one.",
    "Sell something to pay us.",
    "Honest people pay what they owe.",
    "The offer of leniency ends at midnight.",
    "You need not tell your family, we will.",
    "We can find you wherever you go.",
    "您的额度将被永久关闭",
    "子孙后代都会记住",
    "我们会联系您的儿子",
    "您家的水电会被停",
    "把东西变卖了来还",
]

KIND = [
    "您也可以向金融监管总局12378投诉。",
    "您可以委托律师代为还款。",
    "您也可以请家人代为还款。",
    "如您的亲属去世，请告诉我们。",
    "谨防诈骗。",
    "您的账户未被冻结。",
    "我们会在24小时内回复您。",
    "方案确认后立即生效。",
    "支付后约两小时内到账。",
    "我们不会向您的家人、单位透露。",
    "我们不会因此影响您的征信。",
    "我们从不联系您的同事或朋友。",
    "您无需担心我们联系您的家人。",
    "如您授权家人代办，请先与我们确认。",
    "您的账户余额以APP显示为准。",
    "您的个人信息受法律保护。",
    "If you have already paid, please ignore this message.",
    "We hope you and your family are well.",
    "You may ask a friend or family member to help you.",
    "Nothing will happen to your account while we look at this.",
    "您每天9点到18点均可联系我们。",
    "您的电话一直打不通，请更新联系方式。",
    "如果您一直找不到工作，请告诉我们。",
    "您可以提前还款，没有违约金。",
    "我们不会在22点之后联系您。",
    "You may escalate your complaint to the Ombudsman.",
    "We do not share your data with anyone.",
    "We will not contact you about this bill while we look at your application.",
    "Nobody will come to your home.",
    "No one will visit your home.",
    "We have no plans to take legal action.",
    "没有人会上门。",
    "We reply within 24 hours.",
    "If you have a lawyer, please tell us.",
    "If somebody in your family has died, tell us.",
    "Beware of scams by people who claim to be police.",
    "We have never contacted your employer.",
    "We are not going to take legal action.",
    "Payment by I.B.A.N. or by card.",
]

RIGHTS_AND_KINDNESS = [
    "如有人冒充我们，请向公安机关报案。",
    "如遇有人冒充我们诈骗，请您及时向当地公安机关报案。",
    "您有权向公安机关报案。",
    "您可以向法院申请调解。",
    "您也可以向当地人民法院申请个人债务清理。",
    "如对答复不满意，您有权依法起诉我们。",
    "您可以先咨询律师。",
    "如您对处理结果不满意，可以向法院起诉。",
    "您有权拒绝催收员上门。",
    "可以让家人陪同。",
    "您也可以请家人一起陪同。",
    "祝您和家人身体健康。",
    "愿您的家人早日康复。",
    "您不用向亲友借钱。",
    "请不要找朋友借钱还款。",
    "您的家人不会从我们这里得知。",
    "您的单位不会接到我们的电话。",
    "If somebody claims to be from us, please report it to the police.",
    "You may report this to the police.",
    "You may go to court or to the ombudsman.",
    "If you disagree with our answer, you can go to the ombudsman or to court.",
    "You have the right to go to court.",
    "You may talk to a lawyer first.",
    "You may bring a family member with you.",
    "We wish your mother a quick recovery.",
    "Your employer will never hear of this from us.",
    "Your family will not be contacted.",
    "Your employer won't be told.",
    "You need not borrow from family or friends.",
    "Please do not borrow money from your family.",
    "You have nothing to be ashamed of.",
    "There is no need to feel embarrassed.",
    "You are not a bad customer. Many people miss a date.",
    "We are sorry for the loss of your mother.",
    "We were sorry to hear that your father has died.",
    "Our condolences on the death of your wife.",
    "We have removed your brother's number from our records.",
    "Your children are not affected by this.",
    "We can find you an easier plan.",
    "Please double check the number.",
    "Keep track of your payments in the app.",
    "请先照顾好家人，还款的事我们可以以后再商量。",
    "我们已删除您母亲的电话号码。",
    "不会有人上门。",
    "我们没有起诉您，也没有向法院提交任何材料。",
    "您的征信记录有误，我们会为您更正。",
    "请不要向亲友借钱来还款，我们可以一起商量方案。",
    "您收到的律师函不是我们发的，请不要理会。",
]

#: With the words of the above.
NEITHER_RIGHT_NOR_KIND = [
    "我们将向法院起诉。",
    "我们会报案。",
    "我们已向公安机关报案。",
    "有人冒充您骗贷，我们会向公安机关报案。",
    "如有人冒充我们，请向公安机关报案，否则我们会报案。",
    "您可以报警试试。",
    "您可以报警，没用。",
    "我们可以向法院申请支付令。",
    "再不还款，您可以向法院申请调解。",
    "如果不还，您可以向法院申请调解。",
    "我们和您可以向法院申请调解。",
    "您可以向法院解释。",
    "如您不同意还款，我们可以向法院起诉。",
    "您不能拒绝催收员上门。",
    "您可以向法院申请调解，但我们会起诉。",
    "您可以咨询律师，我们已委托律师。",
    "我们会联系您的家人。",
    "我们可以让家人陪同您还款。",
    "可以让家人代为还款陪同。",
    "可以让家人来还钱。",
    "可以让家人陪同，不然我们去找他们。",
    "祝您和家人身体健康，请尽快还款。",
    "希望您的家人平安。",
    "祝您家人还能睡得着。",
    "您可以向亲友借钱。",
    "您不用向亲友借钱，我们会去找他们。",
    "您的家人不会知道，只要您还款。",
    "您的单位暂时不会接到我们的电话。",
    "您的单位不会被告知，但您的家人会。",
    "我们不用通知您，直接向法院申请。",
    "We will take you to court.",
    "You may go to court.",
    "You can go to court for this.",
    "If you do not pay, you may go to court or to the ombudsman.",
    "You may go to court or to jail.",
    "Pay, or you may go to court or to the ombudsman.",
    "You have the right to go to court, but we will win.",
    "You may talk to our lawyer.",
    "You may ask a lawyer how this ends.",
    "Somebody reported you to the police.",
    "We will report it to the police.",
    "We may bring your family with us.",
    "Your employer will hear of this.",
    "Your employer will never hear the end of this.",
    "Your employer will not hear of this if you pay.",
    "Your employer will not hear of this yet.",
    "Your employer will not hear of this from us but from others.",
    "Your family will never forget this.",
    "Your family will not know what hit them.",
    "Your employer will not be told as long as you call us.",
    "You should borrow from family or friends.",
    "We wish your mother a quick recovery. Your mother will hear from us.",
    "You have nothing to be ashamed of if you pay today.",
    "There is nothing to be ashamed of, but everybody at work will know.",
    "You are not a bad customer yet.",
    "We are sorry for the loss of your mother, and you still owe us.",
    "We are sorry to hear that your father is next.",
    "Your children are not affected by this so far.",
    "We removed your brother's number and called your sister.",
    "请照顾好家人，我们会去找他们。",
    "请先照顾好您的家人，小心点。",
    "不会有人不上门。",
    "您的征信会有记录。",
    "您收到的律师函是我们发的。",
    "我们已删除您母亲的电话号码，将直接联系您的父亲。",
    "请不要向亲友借钱，我们会直接联系他们。",
]

APOLOGIES = [
    "对催收员上门一事，我们深表歉意。",
    "对于我们的催收员联系了您的母亲一事，我们深表歉意，今后不会再发生。",
    "催收员上门给您带来困扰，我们非常抱歉。",
    "我们不会再联系您的母亲，非常抱歉。",
    "非常抱歉，我们的工作人员曾误联系您的同事。",
    "我们的员工不应该联系您的家人。",
    "涉事催收员已被停职。",
    "我们已核实，催收员上门确有不妥，我们深表歉意。",
    "很抱歉我们给您的家人打了电话。",
    "对不起，我们联系了您的家人，以后不会再联系。",
    "已要求催收员不再上门。",
    "Sorry that we called your wife.",
    "We are sorry for what our agent said to your family.",
    "We are sorry that your mother was called.",
    "We are sorry that our agent called your mother; it will not happen again.",
    "We are very sorry about the visit to your home.",
    "We're sorry that our agent visited your home.",
    "We apologise for calling your employer.",
    "Our sincere apologies for contacting your wife.",
    "Our agent should not have visited you.",
    "We should never have called your mother.",
    "We are sorry that our agent called you a liar.",
    "We are sorry that our agent threatened you with court.",
    "We are sorry that our agent threatened to call the police. That was wrong.",
    "Our agent was wrong to threaten you with arrest.",
    "很抱歉给您的家人打了电话。",
    "很抱歉，我们的催收员威胁要起诉您，这是不对的。",
    "客服说您是老赖是错误的，我们向您道歉。",
]

NO_APOLOGIES = [
    "We apologise for having to visit you at home on Monday.",
    "对催收员明天上门一事，我们深表歉意。",
    "对催收员即将上门一事，我们深表歉意。",
    "如您不还款，催收员上门一事我们深表歉意。",
    "抱歉，我们只能联系您的母亲。",
    "非常抱歉，我们会联系您的母亲。",
    "抱歉，我们已到了您家门口。",
    "对催收员上门一事，我们深表歉意。我们会再次上门。",
    "对查封您的房子一事，我们深表歉意。",
    "对您做老赖一事，我们深表歉意。",
    "催收员已经出发，抱歉。",
    "该催收员会再联系您的母亲。",
    "抱歉，我们已经联系了您的家人。",
    "对不起，我们联系了您的家人，他们很生气。",
    "我们抱歉地通知您，催收员已在路上。",
    "已要求催收员再次上门。",
    "We are sorry about your mother.",
    "We are sorry for your family.",
    "We are sorry that our agent has no choice and visits your mother.",
    "您不应该让家人着急。",
    "We are sorry that we will have to tell your mother.",
    "We are sorry, but your mother must be told.",
    "We are sorry that our agent is visiting your home.",
    "We are sorry that our agent called your mother, and we may call your mother again.",
    "We are sorry that you made us call your mother.",
    "We are sorry that your family knows what you did.",
    "We are sorry that our agent called your mother. Next we call your boss.",
    "We are sorry that our agent called your mother; our officers are on their way to your home.",
    "We are sorry that your house was seized.",
    "We apologise for visiting your home unless you pay.",
    "You should not have told your family.",
    "We regret that your employer will hear of this.",
    "We are sorry that our agent threatened you with court, but we will sue.",
    "We are sorry that our agents are calling the police now.",
    "We are sorry that our lawyers have filed with the court.",
    "Our agent should never have called you a liar, only a thief if you do not pay.",
    "我们很抱歉，催收员说要起诉您。",
    "催收员说您是老赖，没有错。",
    "很抱歉，我们将给您的家人打电话。",
]


def said(text: str, purpose: Purpose = Purpose.OVERDUE_REMINDER) -> list[str]:
    found = forbidden(text, purpose, discreet=False)
    return [word for problem in found for word in problem.words]


@pytest.mark.parametrize("text", DENIES_SOMETHING_ELSE + HIDDEN + PLAIN + NEITHER_RIGHT_NOR_KIND)
def test_it_is_refused_and_its_words_are_named_as_they_stand_there(text: str) -> None:
    words = said(text)

    assert words
    assert all(word in text for word in words)


@pytest.mark.parametrize("text", KIND + RIGHTS_AND_KINDNESS)
def test_it_may_be_said(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize("text", APOLOGIES)
def test_the_answer_to_a_complaint_may_name_what_it_was_about(text: str) -> None:
    assert said(text, Purpose.CUSTOMER_REPLY) == []


@pytest.mark.parametrize("text", NO_APOLOGIES + NEITHER_RIGHT_NOR_KIND)
def test_no_answer_threatens(text: str) -> None:
    assert said(text, Purpose.CUSTOMER_REPLY)


@pytest.mark.parametrize("text", ["对催收员上门一事，我们深表歉意。", "We are sorry that our agent visited your home."])
def test_no_notice_apologises_for_a_visit(text: str) -> None:
    assert said(text)


def _patterns(name: str) -> list[str]:
    entries = tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))["entry"]
    return [one for entry in entries for one in entry["patterns"]]


def test_every_word_is_found_in_traditional_characters_too() -> None:
    """Of each simplified character every other form that there is."""
    others: dict[str, list[str]] = {}
    for other, simplified in SIMPLIFIED.items():
        others.setdefault(chr(simplified), []).append(chr(other))
    words = [one for one in _patterns("tone_zh.toml") if re.fullmatch(r"[\u4e00-\u9fff]{2,}", one)]
    walked = 0
    for word in words:
        for place, character in enumerate(word):
            for form in others.get(character, ()):
                hidden = word[:place] + form + word[place + 1 :]
                assert list(forbidden(hidden, None, discreet=True)), hidden
                walked += 1

    assert walked > 150


def test_lexicons_are_written_as_texts_are_folded() -> None:
    odd = {one for pattern in _patterns("tone_zh.toml") for one in pattern if ord(one) in SIMPLIFIED}

    assert odd == set()


@pytest.mark.parametrize(
    "text", ["失业了", "失 业了", "我失業了", "下岗了", "下崗了", "I lost my job", "I’ve LOST MY JOB"]
)
def test_the_kind_of_hardship_is_known_however_it_is_written(text: str) -> None:
    assert load().kind_of(text) is SignalKind.JOB_LOSS


def test_every_kind_of_problem_has_an_entry() -> None:
    known = {entry["kind"] for name in ("tone_zh.toml", "tone_en.toml") for entry in _of(name)}

    assert known == {one.value for one in Kind} - {Kind.MISSING_FACT, Kind.WRONG_LANGUAGE}


def _of(name: str) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))["entry"]
    return entries
