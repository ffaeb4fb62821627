"""A lake in a bucket of S3, Google Cloud Storage or Azure: whole files under the names of the folder lake, and no lock.

:mod:`~recsys.lake.bucket.address` says where it is, :mod:`~recsys.lake.bucket.store` talks to it, and
:mod:`~recsys.lake.bucket.mirror` keeps a folder on this machine like it. See docs/buckets.md.
"""
