"""The 136 subjects, one category each: of whom or what the aspects of its family are recorded.

The scenarios of the source article are here by name (中国城市信用, 2019-08-20): the library
card, the hospitals, the referral, the rental, the valuation of a mortgage, the scenic spots; the
trades that were first with repair and interview (environment, transport, prices); electronic
commerce, the traced vegetables, the builders, the private hospitals, the honest scenic spots.
"""

from dataclasses import dataclass
from typing import Final

from scripts.catalogues import aspects
from scripts.catalogues.aspects import Aspect
from scripts.catalogues.social import SERVICES, USES
from scripts.catalogues.trades import LAWS, TRADES


@dataclass(frozen=True, slots=True)
class Subject:
    """One category: its family of aspects, and who may report it besides the credit office.

    `shared` says that the credit office may report it, too; `health` that it is sensitive: of class
    C, and never told to another city.
    """

    category_id: str
    zh: str
    en: str
    dimension: str
    departments: tuple[str, ...]
    family: tuple[Aspect, ...]
    shared: bool = False
    health: bool = False
    few: bool = False


# The smaller catalogues have these twenty.
_FEW: Final = frozenset(
    {
        "honesty-model",
        "moral-model",
        "volunteer-star",
        "blood-donor",
        "volunteer-community",
        "volunteer-library",
        "volunteer-traffic",
        "blood-donation",
        "library-loan",
        "hospital-payment",
        "primary-referral",
        "rental-deposit",
        "scenic-ticket",
        "guide",
        "taxi-driver",
        "civilised-family",
        "traffic",
        "environment",
        "price",
        "promise",
    }
)
_HEALTH: Final = frozenset({"hospital-payment", "primary-referral", "medical-insurance-use"})

_HONOURS: Final = """
honesty-model 诚信模范 | model of honesty | civilisation-office
moral-model 道德模范 | moral model | civilisation-office
good-neighbour 身边好人 | good person next door | civilisation-office ethnic-affairs
volunteer-star 志愿服务之星 | star of volunteering | civilisation-office youth-league
blood-donor 无偿献血先进个人 | model donor of blood | blood-centre red-cross
labour-model 劳动模范 | model worker | trade-union
youth-medal 青年五四奖章获得者 | holder of the youth medal | youth-league
red-banner 三八红旗手 | red-banner holder | womens-federation
craftsman 大工匠 | master craftsman | trade-union human-resources
courage 见义勇为先进个人 | person of courage | public-security
innovator 科技创新先进个人 | innovator | science
rural-talent 乡村振兴先进个人 | talent of the countryside | agriculture
veteran-model 最美退役军人 | model veteran | veterans
model-teacher 最美教师 | model teacher | education
model-doctor 最美医生 | model doctor | health
model-driver 最美司机 | model driver | transport
model-courier 最美快递员 | model courier | postal
fire-safety-model 消防工作先进个人 | model of fire safety | fire-rescue
green-guardian 环境保护先进个人 | guardian of nature | environment
reading-promoter 全民阅读推广人 | promoter of reading | library culture-tourism
fitness-promoter 全民健身先进个人 | promoter of sport | sports
disability-helper 助残先进个人 | helper of disabled people | disabled-federation
flood-fighter 抗洪抢险先进个人 | flood fighter | emergency water
science-promoter 科普工作先进个人 | promoter of science | science-association
"""
_FAMILIES: Final = """
civilised-family 文明家庭 | civilised family | civilisation-office
five-good-family 五好家庭 | five-good family | womens-federation
filial-family 孝老爱亲家庭 | filial family | civil-affairs
reading-family 书香家庭 | reading family | library
green-family 绿色家庭 | green family | environment
clean-family 清廉家庭 | upright family | womens-federation
honest-family 诚信家庭 | honest family | civilisation-office
military-family 拥军家庭 | family that supports soldiers | veterans
safe-family 平安家庭 | safe family | public-security
volunteer-family 志愿服务家庭 | volunteering family | civilisation-office
"""
_DUTIES: Final = """
support-duty 赡养扶养义务 | the duty to support parents | civil-affairs court
child-duty 未成年人监护义务 | the duty to care for children | civil-affairs court
"""
_BLOOD: Final = """
blood-donation 无偿献血 | blood donation | blood-centre red-cross
"""
_PROMISES: Final = """
promise 信用承诺 | promise | government-services
"""


def _subjects(text: str, dimension: str, family: tuple[Aspect, ...]) -> list[Subject]:
    found = []
    for line in text.strip().splitlines():
        named, en, departments = (part.strip() for part in line.split("|"))
        category_id, zh = named.split(" ", maxsplit=1)
        found.append(
            Subject(
                category_id,
                zh,
                en,
                dimension,
                tuple(departments.split()),
                family,
                shared=dimension == "honour" or category_id in _FEW,
                health=category_id in _HEALTH,
                few=category_id in _FEW,
            )
        )
    return found


SUBJECTS: Final = (
    *_subjects(_HONOURS, "honour", aspects.HONOUR),
    *_subjects(SERVICES, "social", aspects.SERVICE),
    *_subjects(_BLOOD, "social", aspects.BLOOD),
    *_subjects(USES, "social", aspects.USE),
    *_subjects(TRADES, "professional", aspects.TRADE),
    *_subjects(_FAMILIES, "family", aspects.FAMILY),
    *_subjects(_DUTIES, "family", aspects.DUTY),
    *_subjects(LAWS, "law", aspects.LAW),
    *_subjects(_PROMISES, "law", aspects.PROMISE),
)
