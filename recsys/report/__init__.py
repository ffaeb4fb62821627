"""The report of a run: one HTML file that works offline, in light, dark, on a phone and on paper.

:mod:`~recsys.report.facts` asks the run's tables, :mod:`~recsys.report.charts` draws, :mod:`~recsys.report.page` puts both
together, :mod:`~recsys.report.making` adds what the lake knows.
"""
