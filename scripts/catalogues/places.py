"""Who sends records, and the parts of each city.

The kinds of departments are those that cities have; the districts, counties and zones are real.
"""

from typing import Final

Named = tuple[str, str, str]
"""An id, the name in Chinese, the name in English."""

DEPARTMENTS: Final[tuple[Named, ...]] = (
    ("credit-office", "市社会信用体系建设办公室", "credit office"),
    ("development-reform", "市发展改革委", "development and reform commission"),
    ("education", "市教育局", "education bureau"),
    ("science", "市科技局", "science and technology bureau"),
    ("industry", "市工业和信息化局", "industry and information bureau"),
    ("ethnic-affairs", "市民族宗教局", "ethnic and religious affairs bureau"),
    ("public-security", "市公安局", "public security bureau"),
    ("traffic-police", "市公安局交警支队", "traffic police"),
    ("civil-affairs", "市民政局", "civil affairs bureau"),
    ("justice", "市司法局", "justice bureau"),
    ("finance", "市财政局", "finance bureau"),
    ("human-resources", "市人力资源社会保障局", "human resources and social security bureau"),
    ("natural-resources", "市自然资源和规划局", "natural resources and planning bureau"),
    ("environment", "市生态环境局", "ecology and environment bureau"),
    ("construction", "市城乡建设局", "urban and rural construction bureau"),
    ("housing", "市住房保障局", "housing bureau"),
    ("urban-management", "市城市管理局", "urban management bureau"),
    ("transport", "市交通运输局", "transport bureau"),
    ("water", "市水利局", "water resources bureau"),
    ("agriculture", "市农业农村局", "agriculture bureau"),
    ("forestry", "市林业局", "forestry bureau"),
    ("gardens", "市园林局", "gardens bureau"),
    ("commerce", "市商务局", "commerce bureau"),
    ("culture-tourism", "市文化广电旅游局", "culture and tourism bureau"),
    ("heritage", "市文物局", "cultural heritage bureau"),
    ("health", "市卫健委", "health commission"),
    ("veterans", "市退役军人局", "veterans affairs bureau"),
    ("emergency", "市应急管理局", "emergency management bureau"),
    ("fire-rescue", "市消防救援支队", "fire and rescue service"),
    ("audit", "市审计局", "audit bureau"),
    ("market-regulation", "市市场监管局", "market regulation bureau"),
    ("sports", "市体育局", "sports bureau"),
    ("statistics", "市统计局", "statistics bureau"),
    ("medical-insurance", "市医保局", "medical insurance bureau"),
    ("big-data", "市大数据局", "data bureau"),
    ("government-services", "市政务服务局", "government services bureau"),
    ("letters-visits", "市信访局", "bureau of letters and visits"),
    ("provident-fund", "市住房公积金中心", "housing provident fund centre"),
    ("civilisation-office", "市文明办", "civilisation office"),
    ("youth-league", "共青团市委", "youth league"),
    ("womens-federation", "市妇联", "women's federation"),
    ("trade-union", "市总工会", "federation of trade unions"),
    ("red-cross", "市红十字会", "red cross"),
    ("disabled-federation", "市残联", "federation of disabled people"),
    ("science-association", "市科协", "association for science"),
    ("library", "市图书馆", "city library"),
    ("blood-centre", "市中心血站", "blood centre"),
    ("tax", "市税务局", "tax bureau"),
    ("customs", "郑州海关", "customs"),
    ("court", "市中级人民法院", "intermediate court"),
    ("postal", "市邮政管理局", "postal bureau"),
    ("archives", "市档案馆", "city archives"),
    ("metro", "市轨道交通集团", "metro company"),
)

# Of the four smaller catalogues; what another department would send, the credit office sends.
FEW: Final = (
    "credit-office",
    "civilisation-office",
    "library",
    "health",
    "traffic-police",
    "transport",
    "culture-tourism",
    "environment",
)

# Of each city: districts and counties, then development zones.
AREAS: Final[dict[str, tuple[tuple[Named, ...], tuple[Named, ...]]]] = {
    "zhengzhou": (
        (
            ("zhongyuan", "中原区", "Zhongyuan district"),
            ("erqi", "二七区", "Erqi district"),
            ("jinshui", "金水区", "Jinshui district"),
            ("guancheng", "管城回族区", "Guancheng Hui district"),
            ("huiji", "惠济区", "Huiji district"),
            ("shangjie", "上街区", "Shangjie district"),
            ("gongyi", "巩义市", "Gongyi city"),
            ("xingyang", "荥阳市", "Xingyang city"),
            ("xinmi", "新密市", "Xinmi city"),
            ("xinzheng", "新郑市", "Xinzheng city"),
            ("dengfeng", "登封市", "Dengfeng city"),
            ("zhongmu", "中牟县", "Zhongmu county"),
        ),
        (
            ("airport", "郑州航空港区", "Zhengzhou airport zone"),
            ("zhengdong", "郑东新区", "Zhengdong new area"),
            ("economic", "郑州经开区", "economic development zone"),
            ("high-tech", "郑州高新区", "high-tech zone"),
        ),
    ),
    "nanjing": (
        (
            ("xuanwu", "玄武区", "Xuanwu district"),
            ("qinhuai", "秦淮区", "Qinhuai district"),
            ("gulou", "鼓楼区", "Gulou district"),
        ),
        (("jiangbei", "江北新区", "Jiangbei new area"),),
    ),
    "hangzhou": (
        (
            ("shangcheng", "上城区", "Shangcheng district"),
            ("gongshu", "拱墅区", "Gongshu district"),
            ("xihu", "西湖区", "Xihu district"),
        ),
        (("qiantang", "钱塘新区", "Qiantang new area"),),
    ),
    "wuhan": (
        (
            ("jiangan", "江岸区", "Jiang'an district"),
            ("jianghan", "江汉区", "Jianghan district"),
            ("wuchang", "武昌区", "Wuchang district"),
        ),
        (("east-lake", "东湖高新区", "East Lake high-tech zone"),),
    ),
    "suzhou": (
        (
            ("gusu", "姑苏区", "Gusu district"),
            ("wuzhong", "吴中区", "Wuzhong district"),
            ("huqiu", "虎丘区", "Huqiu district"),
        ),
        (("industrial-park", "苏州工业园区", "Suzhou industrial park"),),
    ),
}
