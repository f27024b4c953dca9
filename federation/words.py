"""Bytes as words: 256 common things, one for each byte, said in Chinese and in English.

Two officers read them to each other on the telephone. So no two of a language sound alike, and
a word may be typed in Chinese characters, in pinyin or in English: whichever was heard.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

from federation.checks import malformed

# A text longer than this is no list of words; looking for near ones would only cost time.
_CHARACTERS: Final = 200
_NEAREST: Final = 3

# Two Chinese characters are one word, also where nothing separates them from the next.
_TOKEN: Final = re.compile(r"[\u4e00-\u9fff]{1,2}|[^\W_\u4e00-\u9fff]+")
_BETWEEN_CHINESE: Final = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")


class Word(NamedTuple):
    """One thing: in pinyin without tones, in two Chinese characters, in English."""

    pinyin: str
    zh: str
    en: str


# The place of a word is its byte: no word ever moves, and none is replaced.
_TABLE: Final = """
suanpan 算盘 abacus  feiji 飞机 airplane  xiangce 相册 album
xingren 杏仁 almond  chuanmao 船锚 anchor  pingguo 苹果 apple
weiqun 围裙 apron  gongmen 拱门 arch  shubao 书包 backpack
qiqiu 气球 balloon  zhuzi 竹子 bamboo  xiangjiao 香蕉 banana
lanzi 篮子 basket  dianchi 电池 battery  shatan 沙滩 beach
mifeng 蜜蜂 bee  yaodai 腰带 belt  danche 单车 bicycle
binggan 饼干 biscuit  tanzi 毯子 blanket  pingzi 瓶子 bottle
mianbao 面包 bread  zhuantou 砖头 brick  saozhou 扫帚 broom
yashua 牙刷 brush  shuiniu 水牛 buffalo  dengpao 灯泡 bulb
gongjiao 公交 bus  huangyou 黄油 butter  baicai 白菜 cabbage
dangao 蛋糕 cake  rili 日历 calendar  luotuo 骆驼 camel
lazhu 蜡烛 candle  qiche 汽车 car  chengbao 城堡 castle
qincai 芹菜 celery  shuini 水泥 cement  yizi 椅子 chair
yingtao 樱桃 cherry  baiyun 白云 cloud  yezi 椰子 coconut
kafei 咖啡 coffee  yingbi 硬币 coin  diannao 电脑 computer
shanhu 珊瑚 coral  mianhua 棉花 cotton  shuijing 水晶 crystal
chuanglian 窗帘 curtain  shamo 沙漠 desert  zuanshi 钻石 diamond
konglong 恐龙 dinosaur  fangmen 房门 door  chouti 抽屉 drawer
jiaozi 饺子 dumpling  laoying 老鹰 eagle  jidan 鸡蛋 egg
shouzhou 手肘 elbow  daxiang 大象 elephant  yinqing 引擎 engine
xinfeng 信封 envelope  xiangpi 橡皮 eraser  buliao 布料 fabric
gongchang 工厂 factory  fengshan 风扇 fan  nongchang 农场 farm
yumao 羽毛 feather  liba 篱笆 fence  tianye 田野 field
shouzhi 手指 finger  huoyan 火焰 flame  diban 地板 floor
dizi 笛子 flute  zuqiu 足球 football  huli 狐狸 fox
bingxiang 冰箱 fridge  qingwa 青蛙 frog  yinhe 银河 galaxy
dasuan 大蒜 garlic  chilun 齿轮 gear  yanjing 眼镜 glasses
shoutao 手套 glove  jiaoshui 胶水 glue  shanyang 山羊 goat
hulu 葫芦 gourd  putao 葡萄 grape  jita 吉他 guitar
chuizi 锤子 hammer  kuabao 挎包 handbag  shuqin 竖琴 harp
maozi 帽子 hat  erji 耳机 headset  toukui 头盔 helmet
gonglu 公路 highway  hema 河马 hippo  fengmi 蜂蜜 honey
junma 骏马 horse  yiyuan 医院 hospital  jiudian 酒店 hotel
bingshan 冰山 iceberg  moshui 墨水 ink  daoyu 岛屿 island
yushi 玉石 jade  pintu 拼图 jigsaw  guozhi 果汁 juice
daishu 袋鼠 kangaroo  shuihu 水壶 kettle  yaoshi 钥匙 key
xiaomao 小猫 kitten  kaola 考拉 koala  tizi 梯子 ladder
taideng 台灯 lamp  denglong 灯笼 lantern  shuye 树叶 leaf
ningmeng 柠檬 lemon  liebao 猎豹 leopard  dianti 电梯 lift
baihe 百合 lily  shizi 狮子 lion  longxia 龙虾 lobster
mensuo 门锁 lock  hehua 荷花 lotus  lizhi 荔枝 lychee
jiqi 机器 machine  xique 喜鹊 magpie  mangguo 芒果 mango
fengye 枫叶 maple  shichang 市场 market  mianju 面具 mask
caodi 草地 meadow  jiangpai 奖牌 medal  ditie 地铁 metro
niunai 牛奶 milk  bohe 薄荷 mint  jingzi 镜子 mirror
yueliang 月亮 moon  gaoshan 高山 mountain  dianying 电影 movie
chabei 茶杯 mug  mogu 蘑菇 mushroom  lingdai 领带 necktie
miantiao 面条 noodle  benzi 本子 notebook  xiangshu 橡树 oak
haiyang 海洋 ocean  zhangyu 章鱼 octopus  yangcong 洋葱 onion
chengzi 橙子 orange  lanhua 兰花 orchid  tuoniao 鸵鸟 ostrich
shuita 水獭 otter  kaoxiang 烤箱 oven  chuanjiang 船桨 paddle
baota 宝塔 pagoda  shuiyi 睡衣 pajamas  xiongmao 熊猫 panda
mugua 木瓜 papaya  huzhao 护照 passport  qie 企鹅 penguin
mudan 牡丹 peony  lajiao 辣椒 pepper  xiangshui 香水 perfume
gangqin 钢琴 piano  paocai 泡菜 pickle  gezi 鸽子 pigeon
shuiguan 水管 pipe  bisa 比萨 pizza  panzi 盘子 plate
chatou 插头 plug  koudai 口袋 pocket  chitang 池塘 pond
yangshu 杨树 poplar  tudou 土豆 potato  buding 布丁 pudding
nangua 南瓜 pumpkin  xiaogou 小狗 puppy  beizi 被子 quilt
tuzi 兔子 rabbit  luobo 萝卜 radish  tielu 铁路 railway
luwei 芦苇 reed  xiniu 犀牛 rhino  sidai 丝带 ribbon
mifan 米饭 rice  jiezhi 戒指 ring  heliu 河流 river
wuding 屋顶 roof  chizi 尺子 ruler  shiyan 食盐 salt
shazi 沙子 sand  xiangchang 香肠 sausage  weijin 围巾 scarf
jiandao 剪刀 scissors  haibao 海豹 seal  zhima 芝麻 sesame
mianyang 绵羊 sheep  lunchuan 轮船 ship  chanzi 铲子 shovel
baiyin 白银 silver  qunzi 裙子 skirt  xueqiao 雪橇 sled
tuoxie 拖鞋 slipper  woniu 蜗牛 snail  xuehua 雪花 snow
feizao 肥皂 soap  shafa 沙发 sofa  maque 麻雀 sparrow
zhizhu 蜘蛛 spider  shaozi 勺子 spoon  tanhuang 弹簧 spring
songshu 松鼠 squirrel  haixing 海星 starfish  gangtie 钢铁 steel
luzi 炉子 stove  xiliu 溪流 stream  baitang 白糖 sugar
taiyang 太阳 sun  yanzi 燕子 swallow  maoyi 毛衣 sweater
qiuqian 秋千 swing  tangjiang 糖浆 syrup  zhuozi 桌子 table
weiba 尾巴 tail  chaye 茶叶 tea  wangqiu 网球 tennis
juyuan 剧院 theater  leisheng 雷声 thunder  chepiao 车票 ticket
laohu 老虎 tiger  luntai 轮胎 tire  doufu 豆腐 tofu
fanqie 番茄 tomato  maojin 毛巾 towel  huoche 火车 train
laba 喇叭 trumpet  suidao 隧道 tunnel  yusan 雨伞 umbrella
shangu 山谷 valley  xiangcao 香草 vanilla  huaping 花瓶 vase
beixin 背心 vest  huoshan 火山 volcano  hetao 核桃 walnut
yigui 衣柜 wardrobe  shoubiao 手表 watch  hailang 海浪 wave
jingyu 鲸鱼 whale  maizi 麦子 wheat  liushu 柳树 willow
chuanghu 窗户 window  banshou 扳手 wrench  youting 游艇 yacht
shanyao 山药 yam  suannai 酸奶 yogurt  banma 斑马 zebra
lalian 拉链 zipper
"""

WORDS: Final = tuple(Word(*row.split()) for row in re.split(r" {2}|\n", _TABLE.strip()))

_BYTES: Final = {form: byte for byte, word in enumerate(WORDS) for form in word}


def words_of(data: bytes) -> tuple[Word, ...]:
    """One word for each byte."""
    return tuple(WORDS[byte] for byte in data)


def bytes_of(words: Iterable[Word]) -> bytes:
    """The bytes that these words say."""
    return bytes(_BYTES[word.en] for word in words)


def in_zh(words: Iterable[Word]) -> str:
    """The words in Chinese, with dashes between."""
    return "-".join(word.zh for word in words)


def in_en(words: Iterable[Word]) -> str:
    """The words in English, with dashes between."""
    return "-".join(word.en for word in words)


def parse_words(text: str, count: int, where: str) -> bytes:
    """The bytes of `count` words, however they were typed.

    Chinese, pinyin (with tones or without, its syllables apart or not) and English may be mixed;
    any spaces, dashes and punctuation may stand between.

    Raises:
        HutongError: MALFORMED, with the first word that is not in the list and those nearest to
            it; never with the whole text, which may be a secret but for one letter.

    """
    if len(text) > _CHARACTERS:
        raise malformed(where, f"give {count} words")
    tokens = _tokens(text)
    found = bytearray()
    while tokens:
        word = tokens.pop(0)
        if word not in _BYTES and tokens and word + tokens[0] in _BYTES:
            word += tokens.pop(0)  # pinyin, a syllable at a time
        if word not in _BYTES:
            raise malformed(where, _unknown(word, len(found) + 1))
        found.append(_BYTES[word])
    if len(found) != count:
        raise malformed(where, f"give {count} words; here are {len(found)}")
    return bytes(found)


def _tokens(text: str) -> list[str]:
    # Full-width letters become plain ones, and the marks of the tones fall off.
    apart = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in apart if not unicodedata.combining(c) and c not in "'\u2019")
    return _TOKEN.findall(_BETWEEN_CHINESE.sub("", plain))


def _unknown(word: str, place: int) -> str:
    near = difflib.get_close_matches(word, _BYTES, n=_NEAREST, cutoff=0.5)
    hint = f"; the nearest are {', '.join(near)}" if near else ""
    return f"word {place}, {word[:16]}, is not in the list{hint}"
