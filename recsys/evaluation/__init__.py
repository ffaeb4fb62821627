"""How good lists are: what is known at a cut, what listeners did after it, metrics, baselines and intervals.

:mod:`task <recsys.evaluation.task>` is what methods are judged on, made from a lake (:mod:`~recsys.evaluation.holdout`) or from a
pair of files (:mod:`~recsys.evaluation.pairs`); :mod:`~recsys.evaluation.judging` compares methods on it.
"""
