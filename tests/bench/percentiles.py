"""Percentiles of measured values."""


def percentile(numbers, share):
    """One of the numbers: `share` of the others are no larger. A p95 is `share=0.95`."""
    return sorted(numbers)[int(share * (len(numbers) - 1))]
