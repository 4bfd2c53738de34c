"""Rules about what machines, their logs and firewalls tell of attacks, and about the sensor."""

from typing import Final

from alerts.rules import Rule
from alerts.shipped.securityrule import rule
from core.alerts import Text

_ISOLATE: Final = Text(
    "请先按防火墙日志找到校内的那台设备，断网后全盘查杀；不要急于重装，以便查明原因。",
    "Find the inside machine in the firewall's log, take it off the network and scan it; do not "
    "install it anew before the reason is known.",
)
_FILES: Final = Text(
    "中毒的设备可能丢失或泄露文件，并可能传给其他电脑。",
    "The machine may lose or leak files, and pass it on to others.",
)
_BLOCKED: Final = Text(
    "请先在防火墙上看它是否已被拦截、针对哪台设备；没有拦截的请封掉来源，并更新那台设备的补丁。",
    "See on the firewall whether it was blocked and which machine it meant; if not, block the "
    "source and update that machine.",
)

_MACHINE: Final = (
    rule(
        "sensor_stopped",
        Text(
            "教学不受影响；但现在没有人在看这所学校的网络里有没有攻击。",
            "Lessons are not touched; but nobody sees now whether the school is attacked.",
        ),
        Text(
            "请在采集端所在的电脑上运行 schoolwatch agent check，按提示处理权限或网卡名称。",
            "Run schoolwatch agent check on the agent's machine, and do what it says about rights "
            "and interfaces.",
        ),
    ),
    rule(
        "sensor_loses",
        Text(
            "教学不受影响；部分报文没有检查，可能漏掉攻击。",
            "Lessons are not touched; some packets were not looked at, so an attack may be missed.",
        ),
        Text(
            "请先看采集端的电脑是否太忙；镜像口流量太大时，只镜像上联口。",
            "See whether the agent's machine is too busy; mirror only the uplink if it is too "
            "much.",
        ),
    ),
    rule(
        "logins_failed",
        Text(
            "有人在反复尝试登录采集端的电脑；猜中后可能控制这台电脑。",
            "Somebody tries to log in to the agent's machine; if it works, it is theirs.",
        ),
        Text(
            "请先确认是不是自己人输错密码；若不是，请关闭远程登录或只允许管理员的地址，并换强密码。",
            "See whether it was one of you; if not, turn remote logins off or allow only the "
            "administrator's address, and change the password.",
        ),
    ),
    rule(
        "port_opened",
        Text(
            "教学不受影响；这台电脑上有程序新开了网络端口，可能是新装的软件。",
            "Lessons are not touched; a program listens to the network that did not before.",
        ),
        Text(
            "请先核对最近装了什么软件；不认识的请查明后关闭。",
            "See what was installed lately; close what nobody knows.",
        ),
    ),
    rule(
        "agent_altered",
        Text(
            "采集端的程序或配置被改动：监测结果可能不再可信。",
            "The agent's program or configuration was altered: what it says may not be true.",
        ),
        Text(
            "请先确认是不是管理员在升级或修改配置；若不是，请断网并重新安装采集端。",
            "See whether an administrator updated it; if not, take the machine off the network and "
            "install the agent anew.",
        ),
    ),
)

_FIREWALL: Final = (
    rule(
        "firewall_attack",
        Text(
            "有人在利用漏洞攻击学校的设备；若没有拦住，设备可能被控制。",
            "Somebody attacks a weakness of the school's machines; if not blocked, they may be "
            "taken over.",
        ),
        _BLOCKED,
    ),
    rule(
        "firewall_scan",
        Text(
            "教学不受影响；有人在寻找可以进入的服务，多数来自校外，防火墙通常已拦截。",
            "Lessons are not touched; somebody looks for a way in, mostly from outside.",
        ),
        Text(
            "一般不必处理；来源若在校内，请查那台设备是否中毒。",
            "Mostly nothing is to be done; if the source is inside, scan that machine.",
        ),
    ),
    rule(
        "firewall_flood",
        Text(
            "出口可能被占满，全校上网变慢或中断，直播课和网上考试会受影响。",
            "The school's line may be full: slow or no network, also for live lessons and tests.",
        ),
        Text(
            "请先联系区信息中心和运营商封堵来源；来源若在校内，请把那台设备断网。",
            "Call the district and the carrier to block it; if the source is inside, take that "
            "machine off the network.",
        ),
    ),
    rule(
        "firewall_guessing",
        Text(
            "猜中后，设备或账号可能被他人控制。",
            "Once a password is guessed, the device or account is somebody else's.",
        ),
        Text(
            "请先把被猜的设备改成强密码，并关闭它对外开放的登录入口。",
            "Give the device that is tried a strong password, and close its login to the outside.",
        ),
    ),
    rule(
        "firewall_worm",
        Text(
            "病毒可能很快传到其他电脑，课件和成绩等文件可能被加密或删除。",
            "It may soon be on other computers, and files may be encrypted or lost.",
        ),
        _ISOLATE,
    ),
    rule(
        "firewall_ransom",
        Text(
            "文件可能正在被加密勒索，课件、成绩和档案可能全部打不开。",
            "Files may be encrypted for ransom right now: courseware, marks and records.",
        ),
        Text(
            "请立刻把那台设备断网并保持开机，断开共享盘和备份盘，联系区信息中心；不要付款。",
            "Take that machine off the network at once and leave it on, unplug shares and backups, "
            "call the district; do not pay.",
        ),
    ),
    rule("firewall_trojan", _FILES, _ISOLATE),
    rule("firewall_virus", _FILES, _ISOLATE),
    rule(
        "firewall_bot",
        Text(
            "有设备很可能已被人远程控制，文件和账号可能泄露，还可能被用来攻击别人。",
            "Most likely somebody controls a machine from outside; it may leak files and attack "
            "others.",
        ),
        _ISOLATE,
    ),
    rule(
        "firewall_miner",
        Text(
            "有设备在挖矿：会变慢、发热、费电，说明它很可能已被人控制。",
            "A machine mines: it is slow and hot, and most likely somebody else controls it.",
        ),
        _ISOLATE,
    ),
    rule(
        "firewall_expired",
        Text(
            "教学不受影响；但到期后防火墙不再识别新的攻击和不良网站，绿色上网没有保障。",
            "Lessons are not touched; but new attacks and harmful sites are not known to it any "
            "more once it is over.",
        ),
        Text(
            "请先登录防火墙确认到期日期，联系供应商续费，再更新特征库。",
            "See on the firewall when it is over, have the vendor renew it, then update its rules.",
        ),
    ),
    rule(
        "firewall_silent",
        Text(
            "教学不受影响；但防火墙看到的攻击没有人知道，也可能不满足留存日志的要求。",
            "Lessons are not touched; but nobody hears of what the firewall sees, and logs that "
            "must be kept may be missing.",
        ),
        Text(
            "请先看防火墙是否开机、日志（syslog）是否仍发往采集端的地址和端口。",
            "See whether the firewall is on, and still sends its log (syslog) to the agent.",
        ),
    ),
)

GUARDS: Final[tuple[Rule, ...]] = (*_MACHINE, *_FIREWALL)
