# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Research and development: projects, their tasks and the hours spent."""
import datetime as dt

from .demo_base import days

# Project: days ago, then its tasks: name, hours planned, progress
PROJECTS = [
    ("Talking panda, second generation", "会说话的熊猫二代", 150, [
            ("Market study", "市场调研", 40, 1),
            ("Voice module prototype", "语音模块样机", 120, 1),
            ("Safety test", "安全检测", 60, 0.6),
            ("Pilot production", "小批试产", 80, 0),
            ]),
    ("Recycled packaging", "环保包装改进", 80, [
            ("Choose the board", "选定纸板", 24, 1),
            ("Drop test", "跌落测试", 32, 0.5),
            ("New carton drawings", "新纸箱图纸", 16, 0),
            ]),
    ("Wooden train cost reduction", "木制火车降本", 170, [
            ("Analyse the routing", "工艺分析", 30, 1),
            ("New paint line", "新涂装线", 60, 1),
            ]),
    ]
# What everybody has done lately: task, who, hours on each of the last days
SEASON = [
    ("Delivery dates of suppliers", "供应商交期确认",
        ['buyer', 'purchase_manager'], [2, 1, 3]),
    ("Presale to wholesale customers", "批发客户预售",
        ['sales', 'sales_manager'], [4, 4, 2]),
    ("Rearrange the shelves", "货架调整",
        ['keeper', 'warehouse_manager'], [3, 5, 2]),
    ("Capacity of the workshop", "产能安排",
        ['planner', 'workshop', 'engineer'], [2, 2, 4]),
    ("Inspection plan", "检验计划", ['quality'], [3, 2]),
    ("Financing of the season", "旺季资金安排",
        ['accountant', 'manager'], [1, 2]),
    ]
# Hours that the engineer spends a day on a task
DAILY = 6


def develop(demo):
    "Make the projects with their tasks and the hours spent on them"
    Work = demo.model('project.work', 'engineer')
    for en, zh, ago, tasks in PROJECTS:
        project = Work(name=demo.text(en, zh), type='project')
        project.save()
        date = demo.today - days(ago)
        previous = None
        for task_en, task_zh, hours, progress in tasks:
            task = _task(demo, project, task_en, task_zh, hours)
            if previous:
                task.predecessors.append(Work(previous.id))
            task.progress = progress
            task.save()
            previous = task
            date = _spend(demo, task, date, hours * progress)
            if progress:
                _set_status(demo, task, progress)
        if all(progress == 1 for *_, progress in tasks):
            _set_status(demo, project, 1)
    _prepare_season(demo)


def _task(demo, project, en, zh, hours):
    Work = demo.model('project.work', 'engineer')
    task = Work(
        name=demo.text(en, zh), type='task', parent=project,
        effort_duration=dt.timedelta(hours=hours), timesheet_available=True)
    task.allocations.new(
        employee=_employee(demo, 'engineer'), percentage=50)
    return task


def _employee(demo, login):
    Employee = demo.model('company.employee', 'engineer')
    return Employee(demo.as_user(login).context['employee'])


def _spend(demo, task, date, hours):
    "Spend the hours on the task from the date on, return the next date"
    work, = task.timesheet_works
    lines = []
    while hours > 0 and date < demo.today:
        if date.weekday() < 5:
            lines.append((work, 'engineer', date, min(hours, DAILY)))
            hours -= DAILY
        date += days(1)
    _enter_hours(demo, lines)
    return date


def _enter_hours(demo, lines):
    """Enter the hours of employees.

    :param lines: list of timesheet work, login, date and hours
    """
    for login in dict.fromkeys(login for _, login, _, _ in lines):
        demo.create('timesheet.line', [{
                    'employee': demo.as_user(login).context['employee'],
                    'date': date,
                    'work': work.id,
                    'duration': dt.timedelta(hours=hours),
                    } for work, who, date, hours in lines if who == login],
            login)


def _prepare_season(demo):
    "Let everybody prepare the season"
    Work = demo.model('project.work', 'engineer')
    project = Work(
        name=demo.text("Prepare the season", "旺季筹备"), type='project')
    project.save()
    for en, zh, logins, hours in SEASON:
        task = _task(
            demo, project, en, zh, 2 * sum(hours) * len(logins))
        task.save()
        work, = task.timesheet_works
        _enter_hours(demo, [
                (work, login, demo.today - days(len(hours) - i), spent)
                for login in logins for i, spent in enumerate(hours)])


def _set_status(demo, work, progress):
    "Give the work the status that fits to its progress"
    names = {1: 'work_done_status'}
    work.reload()
    work.progress = progress
    work.status = demo.record(
        'project.work.status', 'project',
        names.get(progress, 'work_open_status'), 'engineer')
    work.save()
