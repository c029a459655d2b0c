"""Which replies complain of how somebody is treated, and which only use the words of one who does."""

import pytest

from policies.replies import Meaning, understand

ENGLISH = (
    "I want to complain",
    "I'd like to make a complaint about your agent",
    "This is harassment",
    "This is harassment, stop now",
    "I am going to report you to the CFPB",
    "I will file a complaint with the ombudsman",
    "Please treat this as a formal complaint",
    "Your agent threatened me yesterday",
    "You keep harassing me at night",
    "How do I file a complaint?",
    "I'm filing a complaint against your company",
    "Complaint",
    "your service is unacceptable",
    "You people are harassing my family",
    "I am very unhappy with the way I was treated by your agent",
    "Stop texting me, this is harassment",
    "If you text me again I will complain to the FCA",
    "Your staff were rude, I want to complain",
    "I feel harassed by you",
    "One of your agents shouted at me on the phone",
    "it's pure harassment",
    "STOP. I am reporting you to the attorney general",
    "The agent insulted me and lied to me",
    "I have a complaint",
    "I would like to lodge a formal complaint about these calls",
    "You are bullying me and I will report you",
    "what you are doing is harassment",
    "Your collector called me names, I'm complaining to the regulator",
    "I want to raise a complaint regarding the constant calls",
    "This constant calling is harassing me",
    "You guys threatened my wife",
    "I'm contacting the ombudsman about this",
    "Reported you to the FCC already",
    "disgusting behaviour from your company, stop calling",
    "I demand to speak to a manager, your agent was rude",
    "Leave me alone or I'll complain to the FCA",
    "I shall be making a complaint",
    "please log a complaint",
    "stop harassing my family",
    "Please stop calling my mother",
    "don't call my mother",
    "stop calling my job",
    "Don't contact my wife again",
    "leave my kids out of this",
    "Stay away from my parents",
)

CHINESE = (
    "我要投诉",
    "我要投诉你们",
    "我要去12378投诉",
    "你们这是骚扰",
    "再发我就投诉",
    "你们天天骚扰我",
    "投诉",
    "我要举报你们暴力催收",
    "已经向银保监会投诉了",
    "你们的催收员骂我",
    "别再发了，我要投诉你们",
    "你们催收人员威胁我",
    "客服态度太差了，投诉",
    "你们这样做已经构成骚扰",
    "我会打12378举报",
    "被你们骚扰得受不了",
    "服务态度恶劣",
    "我要向金融监管局投诉",
    "退订！再骚扰我就举报",
    "对你们的催收方式很不满意",
    "一直骚扰我，我要投诉到底",
    "违规催收，我已经举报",
    "你们的人态度恶劣",
    "我已经打了12378",
    "你们公司涉嫌骚扰，我会投诉",
    "催收员骂人，我要投诉",
    "再骚扰就去消协投诉",
    "准备向人民银行举报你们",
    "太过分了，我要举报",
    "你们客服辱骂我",
    "投诉你们公司",
    "要求投诉",
    "别再骚扰我家人",
    "不要再打电话给我妈",
    "别再打给我老婆了",
    "不要联系我家人",
    "不要打扰我爸妈",
    "別聯繫我單位",
    "别再给我爸打电话",
    "请勿上门找我父母",
    "我不接电话是因为在上班，别打单位电话",
    "我对你们的服务非常不满意",
    "每天打十几个电话骚扰我",
    "你们威胁我家人",
    "我要找银保监会",
)

#: Denied, over, asked about, of somebody else, or a stop and no more.
NOT_ENGLISH = (
    "I can't complain, life is good",
    "No complaints from me, thank you",
    "I don't want to complain, just need more time",
    "I'm not complaining",
    "Stop harassing me",
    "Is my complaint resolved?",
    "I withdraw my complaint",
    "My boss is harassing me and I lost my job",
    "My ex keeps threatening me",
    "I already paid",
    "What is the complaints procedure?",
    "Thank you, the complaint I made was resolved",
    "I filed a complaint against my employer",
    "I lost my job and cannot pay",
    "When is it due?",
    "your agent was very kind, no complaint at all",
    "I was bullied at school",
    "This is not harassment, I just have a question",
    "Please report my payment to the credit bureau",
    "Don't harass me",
    "I complained about my landlord last week",
    "I have nothing to complain about",
    "Can you report this as paid?",
    "My doctor says I have a complaint of the heart",
    "She is complaining of pain, we are in the hospital",
    "Thanks, you are not harassing me at all",
    "No need to report this, I'll pay",
    "Thanks for your help, your staff were great",
    "I have to report to the hospital tomorrow",
    "I'm going to report my income next week",
    "My neighbour made a complaint against me and I lost the house",
    "I will be going to court for harassment by my ex husband",
    "Can you open a new account for me",
    "How are complaints handled?",
    "Is there an update on my complaint?",
    "I can't pay, I was threatened with eviction by my landlord",
    "my kids are being bullied",
    "Who do I talk to about my bill",
    "Has my complaint been closed?",
    "I never filed a complaint",
    "can I make a payment on Friday",
    "will you report this to the credit agencies?",
)

NOT_CHINESE = (
    "我不想投诉，只想问一下",
    "我的投诉处理得怎么样了",
    "别再骚扰我",
    "不要骚扰我了",
    "停止骚扰",
    "我以为是骚扰电话，所以没接",
    "撤销投诉",
    "投诉电话是多少",
    "其他公司一直骚扰我",
    "没有投诉的意思",
    "我已经还了",
    "邻居天天骚扰我，我失业了",
    "12378是什么电话？",
    "谢谢，你们态度很好",
    "前夫威胁我，我现在没有工作",
    "我没说要投诉",
    "手机自动拦截骚扰电话",
    "不好意思打扰你们了",
    "我举报了诈骗",
    "被人举报，丢了工作",
    "你们没有骚扰我，我只是忘了",
    "上次投诉已经解决，谢谢",
    "拒绝骚扰",
    "什么时候到期？",
    "不好意思，之前态度不好",
    "我没有威胁谁，我只是没钱",
    "请问怎么投诉处理进度查询",
    "是不是骚扰短信？你们是谁",
    "我同事要投诉你们的竞争对手",
    "我的手机被骚扰，换号了",
    "我被公司裁员，正在劳动仲裁",
    "快递我已经投诉了快递",
    "我向您反映一下，我住院了",
    "要打什么电话还款",
    "老板骂我，辞退了我",
    "我要去银行还款",
)


def complains(text: str) -> bool:
    understood = understand(text)
    return Meaning.COMPLAINT in (understood.meaning, *understood.also)


@pytest.mark.parametrize("text", ENGLISH + CHINESE)
def test_who_complains_is_heard(text: str) -> None:
    assert complains(text)


@pytest.mark.parametrize("text", NOT_ENGLISH + NOT_CHINESE)
def test_who_does_not_complain_is_not_made_to(text: str) -> None:
    assert not complains(text)


@pytest.mark.parametrize(
    ("text", "meaning", "also"),
    [
        ("This is harassment, stop now", Meaning.STOP, (Meaning.COMPLAINT,)),
        ("Stop texting me, this is harassment. I already paid", Meaning.STOP, (Meaning.COMPLAINT, Meaning.DISPUTE)),
        ("Stop calling me or I will report you to the CFPB", Meaning.STOP_ALL, (Meaning.COMPLAINT,)),
        ("STOP. I want to complain", Meaning.STOP, (Meaning.COMPLAINT,)),
        ("别再发了，我要投诉你们", Meaning.STOP, (Meaning.COMPLAINT,)),
        ("不要再联系我，你们这是骚扰", Meaning.STOP_ALL, (Meaning.COMPLAINT,)),
        ("I lost my job and your agent insulted me", Meaning.COMPLAINT, (Meaning.HARDSHIP,)),
        ("Stop harassing me", Meaning.STOP_ALL, ()),
        ("别再骚扰我", Meaning.STOP_ALL, ()),
    ],
)
def test_a_stop_is_heard_beside_a_complaint_and_the_rest_too(
    text: str, meaning: Meaning, also: tuple[Meaning, ...]
) -> None:
    understood = understand(text)

    assert (understood.meaning, understood.also) == (meaning, also)
