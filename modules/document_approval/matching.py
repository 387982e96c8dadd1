# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Find different people for all that has to be decided."""


def find_deciders(wanted):
    """Give each task as many people as it wants, nobody to two of them.

    Kuhn's algorithm for a maximum bipartite matching, see H. W. Kuhn, The
    Hungarian Method for the assignment problem, 1955.

    :param wanted: dictionary by task of (how many, set of people)
    :return: dictionary by person of the task, None when there are too few
    """
    tasks = {}

    def assign(task, seen):
        for person in wanted[task][1]:
            if person in seen:
                continue
            seen.add(person)
            if person not in tasks or assign(tasks[person], seen):
                tasks[person] = task
                return True
        return False

    for task, (number, _) in wanted.items():
        for _ in range(number):
            if not assign(task, set()):
                return None
    return tasks
