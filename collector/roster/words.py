"""The words that cells may hold, Chinese ones first, and what each means.

A word has more than one spelling only where there is no doubt: 主城区 is 城区 by the statistical
division of town and country, but 农村 may mean 乡村, or 镇区 and 乡村, and is asked back.
"""

from collections.abc import Mapping
from typing import Final

from collector.roster.school import Area, Link, Role, SchoolType, Status

STATUSES: Final[Mapping[str, Status]] = {
    "在办": "open",
    "撤并": "merged",
    "停办": "closed",
    "open": "open",
    "merged": "merged",
    "closed": "closed",
}
TYPES: Final[Mapping[str, SchoolType]] = {
    "小学": "primary",
    "教学点": "teaching_point",
    "初中": "junior",
    "九年一贯": "nine_year",
    "高中": "senior",
    "完全中学": "secondary",
    "十二年一贯": "twelve_year",
    "中职": "vocational",
    "特殊教育": "special",
    "幼儿园": "kindergarten",
    "其他": "other",
    "小学教学点": "teaching_point",
    "初级中学": "junior",
    "九年一贯制": "nine_year",
    "九年一贯制学校": "nine_year",
    "高级中学": "senior",
    "普通高中": "senior",
    "十二年一贯制": "twelve_year",
    "十二年一贯制学校": "twelve_year",
    "中等职业学校": "vocational",
    "职业高中": "vocational",
    "特殊教育学校": "special",
    "primary": "primary",
    "teaching_point": "teaching_point",
    "junior": "junior",
    "nine_year": "nine_year",
    "senior": "senior",
    "secondary": "secondary",
    "twelve_year": "twelve_year",
    "vocational": "vocational",
    "special": "special",
    "kindergarten": "kindergarten",
    "other": "other",
}
AREAS: Final[Mapping[str, Area]] = {
    "城区": "urban",
    "镇区": "town",
    "乡村": "rural",
    "主城区": "urban",
    "城乡结合区": "urban",
    "镇中心区": "town",
    "镇乡结合区": "town",
    "特殊区域": "town",
    "乡中心区": "rural",
    "村庄": "rural",
    "urban": "urban",
    "town": "town",
    "rural": "rural",
}
LINKS: Final[Mapping[str, Link]] = {
    "光纤": "fibre",
    "教育专网": "private",
    "5G": "5g",
    "4G": "4g",
    "ADSL": "adsl",
    "卫星": "satellite",
    "fibre": "fibre",
    "fiber": "fibre",
    "private": "private",
    "satellite": "satellite",
}
CARRIERS: Final[Mapping[str, str]] = {
    "中国电信": "中国电信",
    "中国移动": "中国移动",
    "中国联通": "中国联通",
    "中国广电": "中国广电",
    "教育网": "教育网",
    "电信": "中国电信",
    "移动": "中国移动",
    "联通": "中国联通",
    "广电": "中国广电",
    "中国教育和科研计算机网": "教育网",
    "China Telecom": "中国电信",
    "China Mobile": "中国移动",
    "China Unicom": "中国联通",
    "China Broadnet": "中国广电",
    "CERNET": "教育网",
}
"""One name for each, so that the schools of a carrier that fails are found together; any other
name stands as it is."""

YES_NO: Final[Mapping[str, bool]] = {
    "是": True,
    "否": False,
    "√": True,
    "×": False,
    "yes": True,
    "no": False,
    "true": True,
    "false": False,
    "1": True,
    "0": False,
}
ROLE_WORDS: Final[Mapping[Role, str]] = {
    "authority": "主管责任人",
    "operator": "运维责任人",
    "user": "使用责任人",
    "leader": "分管负责人",
    "person": "具体责任人",
}
