"""Subjects of 职业道德 and 法律法规: trades, and fields of law."""

from typing import Final

TRADES: Final = """
doctor 医师 | doctor | health
nurse 护士 | nurse | health
pharmacist 药师 | pharmacist | health market-regulation
private-hospital 民营医院诚信医疗从业者 | honest medic of a private hospital | health
teacher 教师 | teacher | education
trainer 校外培训从业者 | private tutor | education
lawyer 律师 | lawyer | justice
notary 公证员 | notary | justice
accountant 注册会计师 | chartered accountant | finance
auditor 内部审计师 | internal auditor | audit
valuer 房地产估价师 | property valuer | housing
estate-agent 房地产经纪人 | estate agent | housing
builder 建筑企业诚信共赢从业者 | honest builder | construction
site-engineer 监理工程师 | site engineer | construction
building-worker 建筑工人 | building worker | construction human-resources
taxi-driver 出租汽车驾驶员 | taxi driver | transport
ride-driver 网约车驾驶员 | ride-hailing driver | transport
bus-driver 公交驾驶员 | bus driver | transport
freight-driver 货运驾驶员 | freight driver | transport
driving-coach 驾校教练员 | driving coach | transport traffic-police
guide 导游 | tour guide | culture-tourism
scenic-operator 诚信景区从业者 | honest host of a scenic spot | culture-tourism
caterer 餐饮服务从业者 | caterer | market-regulation
traced-vegetables 菜品网上诚信追溯供应商 | supplier of traced greens | commerce
online-shop 电子商务诚信交易经营者 | honest online trader | commerce market-regulation
cross-border-shop 跨境电商从业者 | cross-border online trader | commerce customs
courier 快递员 | courier | postal
property-manager 物业服务人员 | property manager | housing
housekeeper 家政服务人员 | housekeeper | commerce
caregiver 养老护理员 | caregiver | civil-affairs
fire-technician 消防设施操作员 | fire technician | fire-rescue
safety-engineer 安全工程师 | safety engineer | emergency
bid-assessor 评标专家 | assessor of bids | government-services
statistician 统计调查员 | survey interviewer | statistics
"""
LAWS: Final = """
traffic 道路交通安全 | road traffic | traffic-police
road-transport 道路运输 | road transport | transport
environment 生态环境保护 | environmental protection | environment
price 价格 | prices | development-reform market-regulation
food-safety 食品安全 | food safety | market-regulation
drug-safety 药品安全 | safety of medicines | market-regulation
building-quality 建设工程质量 | quality of buildings | construction
work-safety 安全生产 | safety at work | emergency
fire-safety 消防安全 | fire safety | fire-rescue
urban-order 城市管理“四环工作法” | urban order | urban-management
noise 噪声污染防治 | noise | environment public-security
dog-keeping 养犬管理 | keeping of dogs | public-security
waste-sorting 生活垃圾分类 | sorting of waste | urban-management
water-protection 水资源保护 | protection of water | water
gardens 城市绿化 | public gardens | gardens
forest-fire 森林防火 | forest fires | forestry
wildlife 野生动物保护 | protection of wildlife | forestry
smoking 公共场所控制吸烟 | smoking in public | health
advertising 广告 | advertising | market-regulation
consumer 消费者权益保护 | consumer protection | market-regulation
intellectual-property 知识产权 | intellectual property | market-regulation
employment 劳动用工 | employment | human-resources
social-insurance 社会保险 | social insurance | human-resources
medical-insurance 医疗保障基金 | medical insurance funds | medical-insurance
tax 税收征管 | taxes | tax
customs 海关监管 | customs control | customs
land-use 土地管理 | use of land | natural-resources
heritage 文物保护 | protection of heritage | heritage archives
personal-data 个人信息保护 | protection of personal data | big-data industry
"""
