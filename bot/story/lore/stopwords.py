"""Name the words that stand everywhere and so find nothing."""

_ENGLISH = """ a about after again all also am an and any are as at be because been before being between
both but by can could d did do does doing done down each ever few for from get gets go goes got had has
have having he her here hers herself him himself his how i if in into is it its itself just ll let m make
many may me might more most much must my myself no nor not now of off on once one only or other our ours
out over own re s said same say says she should so some such t than that the their theirs them themselves
then there these they thing things this those through to too under until up us ve very was we were what
when where which while who whom whose why will with would yes you your yours yourself
"""
_CHINESE = """
的 了 是 在 我 有 和 就 不 人 都 一 一个 上 也 很 到 说 要 去 你 会 着 没有 看 好 自己 这 那 他 她 它 们
我们 你们 他们 她们 它们 谁 什么 哪 哪里 哪儿 哪个 哪些 怎么 怎样 怎么样 为什么 为何 多少 几 吗 呢 吧 啊 呀
么 与 及 或 而 但 但是 因为 所以 如果 把 被 让 给 对 从 向 往 以 于 由 为 之 其 此 这个 那个 这些 那些 这里
那里 这样 那样 还 又 再 才 只 已 已经 曾 曾经 能 可以 可 得 地 过 来 里 中 下 时候 时 后 前 个 些 种 什
有没有 是不是 是否 知道
"""

STOPWORDS = frozenset(_ENGLISH.split()) | frozenset(_CHINESE.split())
"""Words of questions and of grammar, in one case."""
