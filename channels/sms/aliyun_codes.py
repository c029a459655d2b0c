"""What the codes of Alibaba Cloud's SMS service mean, sorted by whether the text could have left.

`isv.` and `isp.`: https://help.aliyun.com/zh/sms/developer-reference/api-error-codes; the others are those of the
gateway before it, https://api.aliyun.com/document/Dysmsapi/2017-05-25/errorCode. `isv.` is the sender's fault, `isp.`
the vendor's. A code that is not here leaves the outcome open.
"""

from channels.sms.codes import Codes, bad_address, permanent, temporary, unknown

CODES: Codes = {
    # Our account
    "isp.RAM_PERMISSION_DENY": temporary("the key may not send texts"),
    "isv.ACCOUNT_ABNORMAL": temporary("the account is not in order"),
    "isv.ACCOUNT_NOT_EXISTS": temporary("no such account"),
    "isv.AMOUNT_NOT_ENOUGH": temporary("the account's credit is used up"),
    "isv.DAY_LIMIT_CONTROL": temporary("the account's daily limit is reached"),
    "isv.DENY_IP_RANGE": temporary("called from outside of mainland China"),
    "isv.MONTH_LIMIT_CONTROL": temporary("the account's monthly limit is reached"),
    "isv.OUT_OF_SERVICE": temporary("the account is suspended for its balance"),
    "isv.PRODUCT_UNSUBSCRIBE": temporary("the account has not ordered this product"),
    "isv.PRODUCT_UN_SUBSCRIPT": temporary("the account has not ordered the service"),
    "isv.SECURITY_FROZEN_ACCOUNT": temporary("the account is frozen"),
    "Forbidden.RAM": temporary("the key may not send texts"),
    "InvalidAccessKeyId.Inactive": temporary("the key is switched off"),
    "InvalidAccessKeyId.NotFound": temporary("no such key"),
    "InvalidTimeStamp.Expired": temporary("our clock and the vendor's differ by more than 15 minutes"),
    "MissingAccessKeyId": temporary("the request named no key"),
    "SignatureDoesNotMatch": temporary("our signature was refused"),
    # The number
    "isv.MOBILE_NUMBER_ILLEGAL": bad_address("not a Chinese mobile number"),
    # The person: wants no texts, or none of this kind. The address is good, and stays theirs.
    "isv.BLACK_KEY_CONTROL_LIMIT": permanent("the number or a word in the values is on a list of the vendor's"),
    "isv.CUSTOMER_REFUSED": permanent("stopped by the recipient"),
    # The signature, the template or its values
    "isv.CODE_ERROR": permanent("the extension code is not ours"),
    "isv.CODE_EXCEED_LIMIT": permanent("too many extension codes"),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": permanent("the template is for numbers abroad only"),
    "isv.EXTEND_CODE_ERROR": permanent("the extension code belongs to another signature"),
    "isv.INVALID_JSON_PARAM": permanent("the values are no JSON object of texts"),
    "isv.INVALID_PARAMETERS": permanent("a parameter is invalid"),
    "isv.MOBILE_COUNT_OVER_LIMIT": permanent("too many numbers at once"),
    "isv.ONE_CODE_MULTIPLE_SIGN": permanent("the extension code belongs to another signature"),
    "isv.PARAM_LENGTH_LIMIT": permanent("a value is too long"),
    "isv.PARAM_NOT_SUPPORT_URL": permanent("a value holds an address, which is not allowed"),
    "isv.SIGN_NAME_ILLEGAL": permanent("the signature's name is not allowed"),
    "isv.SIGN_STATE_ILLEGAL": permanent("the signature may not be used"),
    "isv.SIGNATURE_BLACKLIST": permanent("the signature is barred"),
    "isv.SMS_CONTENT_ILLEGAL": permanent("the text holds what is not allowed"),
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": permanent("the text is not of the template's kind"),
    "isv.SMS_SIGNATURE_ILLEGAL": permanent("the account has no such signature"),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": permanent("signature and template are of different kinds"),
    "isv.SMS_SIGN_ILLEGAL": permanent("the signature is barred"),
    "isv.SMS_TEMPLATE_ILLEGAL": permanent("the account has no such template"),
    "isv.SMS_TEST_NUMBER_LIMIT": permanent("a trial may text numbers on its list only"),
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": permanent("a trial's signature and template go together only"),
    "isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL": permanent("a trial's values are four to six digits"),
    "isv.TEMPLATE_MISSING_PARAMETERS": permanent("a value is missing"),
    "isv.TEMPLATE_PARAMS_ILLEGAL": permanent("a value is not of the kind that was registered"),
    "isv.UNSUPPORTED_CONTENT": permanent("the text holds characters that cannot be sent"),
    "InvalidAction.NotFound": permanent("no such operation"),
    "InvalidVersion": permanent("no such version"),
    # For now
    "isv.BUSINESS_LIMIT_CONTROL": temporary("too many messages to this number"),
    "Throttling": temporary("too many requests at once"),
    "Throttling.Api": temporary("too many requests at once"),
    "Throttling.User": temporary("too many requests at once"),
    # The vendor failed, and does not say at which step.
    "isp.GATEWAY_ERROR": unknown("the vendor's gateway failed"),
    "isp.SYSTEM_ERROR": unknown("the vendor's system failed"),
    "isp.UNKNOWN": unknown("the vendor does not know"),
    "InternalError": unknown("the vendor's system failed"),
    # Somebody between us and the vendor repeated our request, and the first of the two may have been taken.
    "SignatureNonceUsed": unknown("the vendor saw this request before"),
}
