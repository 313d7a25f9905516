"""Know the commonest Chinese characters that look different in traditional and simplified writing."""

from types import MappingProxyType
from typing import Literal

Writing = Literal["traditional", "simplified"]

_PAIRS = (
    "們们這这個个說说來来時时國国過过還还會会樣样點点無无經经當当話话對对間间開开門门問问見见車车東东風风飛飞電电雲云"
    "殺杀傷伤誘诱姦奸強强體体屍尸頭头腦脑腸肠內内臟脏蟲虫蠍蝎貓猫馬马鳥鸟魚鱼獸兽兒儿嬰婴墮堕產产婦妇親亲愛爱戀恋飲饮"
    "藥药癮瘾賭赌憂忧鬱郁縊缢槍枪戰战爭争燒烧斬斩斷断齒齿針针醫医療疗訓训練练隸隶種种視视靈灵軀躯殘残綁绑監监毆殴襲袭"
    "擊击劍剑劉刘邊边長长兩两聲声聽听裡里後后從从與与讓让給给進进遠远動动氣气燈灯廳厅樓楼樹树葉叶龍龙鳳凤書书寫写讀读"
    "記记認认識识語语誰谁請请謝谢錢钱鐵铁銀银鎮镇鐘钟陽阳陰阴陳陈隊队隨随險险雖虽難难霧雾靜静響响頁页順顺須须預预領领"
    "願愿顧顾顯显驚惊歡欢歲岁歸归殼壳沒没淚泪漁渔濕湿滅灭滿满漢汉潔洁澤泽濟济爐炉爺爷獨独現现瑪玛畫画畢毕異异癒愈發发"
    "盡尽盤盘眾众確确禮礼離离禿秃穩稳窮穷竊窃競竞筆笔節节範范籃篮紅红紙纸細细終终結结綠绿線线緊紧總总縮缩織织繞绕繼继"
    "續续羅罗義义習习聖圣聞闻職职脫脱臉脸舉举舊旧艦舰蘭兰處处號号虧亏術术衛卫補补裝装襯衬覺觉觀观觸触計计討讨設设許许"
    "詩诗該该誤误課课調调談谈論论諾诺護护豐丰貝贝負负貨货責责買买貴贵賣卖質质趕赶跡迹踐践蹤踪躍跃軍军軟软輕轻輛辆輩辈"
    "輪轮轉转辦办農农運运達达遲迟遺遗選选郵邮鄉乡鄰邻釋释鏡镜關关陸陆階阶際际隱隐雙双雜杂雞鸡"
)
_TRADITIONAL, _SIMPLIFIED = _PAIRS[::2], _PAIRS[1::2]
_ONLY = MappingProxyType(
    {char: name for name, own, other in (("traditional", _TRADITIONAL, _SIMPLIFIED), ("simplified", _SIMPLIFIED,
     _TRADITIONAL)) for char in set(own) - set(other)}
)  # fmt: skip
SIMPLIFIED = MappingProxyType(str.maketrans(_TRADITIONAL, _SIMPLIFIED))
"""Turns traditional characters into simplified ones, for `str.translate`."""

_SURE = 4  # characters that speak for one writing


def writing_of(text: str) -> Writing | None:
    """Tell in which characters a Chinese text is written; None where it shows too few of either."""
    counts = {"traditional": 0, "simplified": 0}
    for char in text:
        if char in _ONLY:
            counts[_ONLY[char]] += 1
    if counts["traditional"] >= _SURE and counts["traditional"] > 3 * counts["simplified"]:
        return "traditional"
    if counts["simplified"] >= _SURE and counts["simplified"] > 3 * counts["traditional"]:
        return "simplified"
    return None
