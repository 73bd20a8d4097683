"""The saga coordinator: carries every change that spans domains to a known end, forwards or back.

Nothing a crash, a lost or doubled message or a silent provider can do loses or doubles a change.
"""
