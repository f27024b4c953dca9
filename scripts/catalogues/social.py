"""Subjects of 社会公德: volunteering, and what residents use on trust."""

from typing import Final

SERVICES: Final = """
volunteer-community 社区志愿服务 | volunteering in the community | civilisation-office
volunteer-traffic 文明交通志愿服务 | volunteering at crossings | traffic-police
volunteer-library 图书馆志愿服务 | volunteering in libraries | library
volunteer-hospital 医院导医志愿服务 | volunteering in hospitals | health
volunteer-scenic 景区志愿服务 | volunteering at scenic spots | culture-tourism
volunteer-elderly 敬老志愿服务 | volunteering for the old | civil-affairs
volunteer-school 支教志愿服务 | volunteering in schools | education youth-league
volunteer-green 环保志愿服务 | volunteering for nature | environment
volunteer-disability 助残志愿服务 | volunteering for disabled people | disabled-federation
volunteer-rescue 应急救援志愿服务 | volunteering in rescue | emergency fire-rescue
volunteer-event 大型赛会志愿服务 | volunteering at events | youth-league sports
volunteer-law 普法志愿服务 | volunteering in legal advice | justice letters-visits
volunteer-science 科普志愿服务 | volunteering for science | science-association
volunteer-heritage 文物保护志愿服务 | volunteering for heritage | heritage
"""
USES: Final = """
library-loan 市图书馆图书借阅 | loans of the city library | library
library-card 图书馆免押金借书证 | a library card without deposit | library
hospital-payment 市属医院先诊疗后付费 | paying later at city hospitals | health
primary-referral 基层医疗机构优先转诊 | priority referral | health
medical-insurance-use 医保电子凭证结算 | paying by medical insurance | medical-insurance
rental-deposit 免押金租房 | renting without deposit | housing
mortgage-valuation 房屋抵押贷款评估费优惠 | a cheaper mortgage valuation | housing
public-housing 公共租赁住房 | public rental housing | housing
talent-flat 人才公寓 | flats for talents | housing human-resources
provident-fund-use 住房公积金提取 | withdrawals from the provident fund | provident-fund
scenic-ticket 市属3A级以上景区门票优惠 | discounts at 3A scenic spots | culture-tourism
museum-visit 博物馆预约参观 | booked museum visits | heritage
sports-venue 公共体育场馆 | public sports venues | sports
public-bicycle 公共自行车 | public bicycles | transport
metro-code 公交地铁乘车码 | riding by code | metro transport
public-parking 公共停车 | public parking | urban-management
charging 公共充电桩 | public charging | development-reform
water-supply 城市供水 | water supply | urban-management
heating 集中供热 | district heating | urban-management
tolerant-approval 政务服务容缺受理 | approvals with papers to follow | government-services
credit-pass 自贸区信用通办理 | the credit pass of the free trade zone | government-services
"""
