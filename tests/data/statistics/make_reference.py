"""Writes reference.json: third-party values for the tests of the statistics module.

    pip install scipy statsmodels lifelines
    python make_reference.py

Random numbers are seeded; the data themselves are written too, so that the
tests do not depend on the generator.
"""

import json
import platform
import warnings
from pathlib import Path

import lifelines
import numpy as np
import scipy
import statsmodels
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_time, restricted_mean_survival_time
from scipy import stats
from scipy.optimize import brentq, minimize_scalar
from scipy.special import logsumexp
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

LEVELS = [0.9, 0.95, 0.99]


def proportions():
    cases = [(0, 2), (1, 2), (2, 2), (0, 50), (1, 50), (25, 50), (49, 50), (50, 50), (3, 200),
             (197, 200), (20, 1000), (500, 1000), (1, 10**6), (999_999, 10**6), (12_345, 10**9)]
    rows = []
    for k, n in cases:
        for level in LEVELS:
            ours = stats.binomtest(k, n).proportion_ci(level, method="wilson")
            also = proportion_confint(k, n, alpha=1 - level, method="wilson")
            np.testing.assert_allclose([ours.low, ours.high], also, rtol=1e-9, atol=1e-15)
            rows.append({"k": k, "n": n, "level": level, "lo": ours.low, "hi": ours.high})
    return rows


def exact_proportions():
    """Clopper-Pearson by scipy and statsmodels, Jeffreys by statsmodels, at 95 %."""
    cases = [(0, 2), (1, 2), (2, 2), (0, 50), (1, 50), (25, 50), (49, 50), (50, 50), (3, 200),
             (197, 200), (20, 1000), (500, 1000), (1, 10**6), (999_999, 10**6)]
    rows = []
    for k, n in cases:
        for level in LEVELS:
            exact = stats.binomtest(k, n).proportion_ci(level, method="exact")
            also = proportion_confint(k, n, alpha=1 - level, method="beta")
            # scipy searches to 2e-12 only, so the beta quantiles of statsmodels are kept.
            np.testing.assert_allclose([exact.low, exact.high], also, rtol=1e-9, atol=2e-12)
            lo, hi = proportion_confint(k, n, alpha=1 - level, method="jeffreys")
            rows.append({"k": k, "n": n, "level": level,
                         "clopper_pearson": list(also),
                         # At 0 and n the interval reaches the end, as Brown, Cai and DasGupta say.
                         "jeffreys": [0.0 if k == 0 else lo, 1.0 if k == n else hi]})
    return rows


def tango_quartic(n, b, c, level):
    """Tango's limits without iteration (Yang, Sun and Hardin 2013): two roots of a quartic.

    An implementation that shares nothing with the bisection of the program; statsmodels and
    scipy have none.
    """
    g, d = stats.norm.isf((1 - level) / 2) ** 2, b - c
    roots = np.roots([
        n**2 * (n / g + 1) ** 2,
        -n * d * (n / g + 1) * (4 * n / g + 1),
        2 * n * d**2 * (3 * n / g + 2) / g - n**2 * ((b + c) / g + 1),
        n * d * (2 * (b + c) / g + 1) - d**3 * (4 * n / g + 1) / g,
        d**2 * (d**2 / g - (b + c)) / g,
    ])
    real = np.sort(roots[np.abs(roots.imag) < 1e-6].real)
    return [max(-1.0, real[0]), min(1.0, real[-1])]


def paired_proportions():
    rows = []
    # The first is the worked example of Fagerland, Lydersen and Laake (2014): -0.517 to -0.026.
    for both, b, c, neither in [(1, 1, 7, 12), (43, 0, 1, 0), (80, 40, 20, 20), (900, 30, 12, 58),
                                (3, 2, 9, 9986), (0, 5, 3, 0), (10, 8, 8, 10)]:
        n = both + b + c + neither
        test = mcnemar([[both, b], [c, neither]], exact=False, correction=False)
        for level in LEVELS:
            lo, hi = tango_quartic(n, b, c, level)
            rows.append({"both": both, "b": b, "c": c, "neither": neither, "level": level,
                         "lo": lo, "hi": hi, "p": test.pvalue})
    return rows


def paired_means(rng):
    """Differences of checks: a paired t test, and Hall's transformation inverted by a solver."""
    for name, scale, n, share in [("many", 90, 1000, 0.4), ("some", 90, 1000, 0.06),
                                  ("fifty", 900, 50, 0.9), ("lopsided", 90, 4000, 0.012)]:
        struck = rng.random(n) < share
        point = scale - struck * rng.integers(0, 12, n)
        baseline = scale - struck * rng.integers(2, 30, n)
        d = (point - baseline) / scale
        test = stats.ttest_rel(point, baseline)
        ends = test.confidence_interval(0.95)
        error, slant = stats.sem(d), (((d - d.mean()) / d.std(ddof=1)) ** 3).mean() / np.sqrt(n)

        def hall(t):
            return t + slant * t**2 / 3 + slant**2 * t**3 / 27 + slant / 6

        quantile = stats.t.isf(0.025, n - 1)
        t_lo, t_hi = [brentq(lambda t: hall(t) - q, -60, 60, xtol=1e-14, rtol=1e-14)
                      for q in (-quantile, quantile)]
        variances = point.var(ddof=1) + baseline.var(ddof=1)
        yield {"name": name, "scale": scale, "point": point.tolist(),
               "baseline": baseline.tolist(), "histogram": histogram(point - baseline),
               "value": d.mean(), "se": error, "t": [ends.low / scale, ends.high / scale],
               "t_p": test.pvalue, "hall": [d.mean() - t_hi * error, d.mean() - t_lo * error],
               "hall_p": 2 * stats.t.sf(abs(hall(d.mean() / error)), n - 1),
               "variance_reduction": variances / (point - baseline).var(ddof=1)}


def adjusted_p_values(rng):
    for p in [[0.04], [0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.9], [0.0, 1.0, 0.2, 0.2, 1e-12],
              rng.random(40).tolist(), (rng.random(25) ** 4).tolist()]:
        yield {"p": p, "holm": multipletests(p, method="holm")[1].tolist()}


def beta_binomial_sequences():
    """The mixture as scipy's beta-binomial law over the binomial, and its crossing by brentq."""
    for k, n, first_look in [(3, 50, 50), (20, 1000, 1000), (500, 1000, 250), (990, 1000, 1000),
                             (10_000, 400_000, 1000), (0, 200, 100), (200, 200, 100)]:
        for level in LEVELS:
            r, limit = first_look / 2, -np.log(1 - level)

            def log_mixture(p):
                mixture = stats.betabinom(n, r * p, r * (1 - p)).logpmf(k)
                return mixture - stats.binom(n, p).logpmf(k) - limit

            share = min(max(k / n, 1e-9), 1 - 1e-9)
            lo = 0.0 if k == 0 else brentq(log_mixture, share / 1000, share, xtol=1e-15)
            hi = 1.0 if k == n else brentq(log_mixture, share, 1 - (1 - share) / 1000,
                                           xtol=1e-15)
            yield {"k": k, "n": n, "first_look": first_look, "level": level, "lo": lo, "hi": hi}


def betting_sequences(rng):
    """The hedged capital, value by value in the order drawn, and its crossing by brentq."""
    for name, scale, values in [
        ("rare failures", 90, 90 - rng.integers(1, 40, 400) * (rng.random(400) < 0.05)),
        ("even", 15, rng.integers(0, 16, 300)), ("all", 90, np.full(100, 90)),
        ("coin", 1, rng.integers(0, 2, 2000)),
    ]:
        x = values / scale
        bets = 0.5 ** np.arange(13)

        def capital(m, x):
            with np.errstate(divide="ignore"):
                logs = np.log(1 - bets[:, None] + bets[:, None] * x / m).sum(axis=1)
            return logsumexp(logs) - np.log(13) - np.log(2 / 0.05)

        lo = brentq(capital, x.mean() / 50, x.mean(), args=(x,), xtol=1e-15)
        others = 1 - x
        hi = 1.0 if others.mean() == 0 else 1 - brentq(
            capital, others.mean() / 50, others.mean(), args=(others,), xtol=1e-15)
        yield {"name": name, "scale": scale, "histogram": histogram(values), "mean": x.mean(),
               "lo": lo, "hi": hi}


def critical_values_of_even_samples():
    """t intervals of n values, half 0 and half 1: the critical value at any n."""
    rows = []
    for n in [60, 200, 1000, 1002, 10**5, 10**6, 10**9]:
        scale = 0.5 / np.sqrt(n - 1)
        lo, hi = stats.t.interval(0.95, n - 1, loc=0.5, scale=scale)
        rows.append({"n": n, "lo": lo, "hi": hi})
    return rows


def histogram(values):
    found, counts = np.unique(np.asarray(values, dtype=np.int64), return_counts=True)
    return [[int(v), int(c)] for v, c in zip(found, counts)]


def availability_samples(rng):
    """Integer checks passed, of `scale` checks."""
    yield "two", 10, [3, 8]
    yield "small", 100, [100, 100, 97, 80, 99, 100, 12]
    yield "even", 1000, rng.integers(0, 1001, 200)
    yield "near one", 600, 600 - rng.poisson(3, 1000)
    yield "rare failures", 600, 600 - 50 * (rng.random(500) < 0.02)
    yield "binomial", 60, rng.binomial(60, 0.9, 5000)
    yield "fine scale", 10**7, rng.integers(9_999_000, 10**7 + 1, 300)


def means_and_quantiles(rng):
    for name, scale, values in availability_samples(rng):
        values = np.asarray(values)
        x = values / scale
        n = len(x)
        sem = stats.sem(x)
        lo, hi = stats.t.interval(0.95, n - 1, loc=x.mean(), scale=sem)
        quantiles = []
        for per_mille in [10, 50, 500, 900, 990]:
            test = stats.quantile_test(values, q=0, p=per_mille / 1000)
            ends = test.confidence_interval(0.95)
            value = np.sort(values)[-(-n * per_mille // 1000) - 1]
            quantiles.append({
                "per_mille": per_mille, "value": float(value / scale),
                "lo": 0.0 if np.isnan(ends.low) else float(ends.low / scale),
                "hi": 1.0 if np.isnan(ends.high) else float(ends.high / scale),
            })
        yield {"name": name, "scale": scale, "histogram": histogram(values), "mean": x.mean(),
               "sd": x.std(ddof=1), "t_lo": max(lo, 0), "t_hi": min(hi, 1), "quantiles": quantiles}


def order_statistic_ranks():
    """The ranks themselves, at sizes too large for samples: values 1..n once each."""
    rows = []
    for n in [2, 5, 10, 59, 368, 369, 1000, 12_345, 100_000]:
        for per_mille in [10, 50, 500, 900, 999]:
            law = stats.binom(n, per_mille / 1000)
            rows.append({"n": n, "per_mille": per_mille,
                         "l": int(law.ppf(0.025)), "u": int(law.isf(0.025)) + 1})
    return rows


def repair_samples(rng):
    """(age, closed) of incidents, by replication."""
    yield "one closed", 10, [[(4, True)]]
    yield "one open", 10, [[(4, False)]]
    yield "tie", 20, [[(3, True), (3, False), (5, True), (3, True), (9, False)]]
    yield "all open", 60, [[(10, False), (20, False)], [(60, False)]]
    yield "all closed", 60, [[(t, True)] for t in [1, 1, 2, 4, 9, 30, 7]]
    for name, replications, rate, mean, rounds in [
        ("rare", 120, 0.2, 6, 60), ("usual", 150, 1.5, 8, 60), ("long", 100, 2.0, 60, 60),
        ("few replications", 20, 2.0, 10, 60), ("uneven groups", 250, 1.0, 12, 60),
    ]:
        sample = []
        for _ in range(replications):
            frailty = rng.gamma(2, 0.5)
            incidents = []
            for _ in range(rng.poisson(rate * frailty)):
                age = int(np.ceil(rng.exponential(mean * frailty))) or 1
                limit = 2 * rounds - int(rng.integers(0, 2 * rounds))
                incidents.append((min(age, limit), age <= limit))
            sample.append(incidents)
        yield name, 2 * rounds, sample


def fit(incidents):
    fitter = KaplanMeierFitter()
    return fitter.fit([t for t, _ in incidents], [c for _, c in incidents])


def jackknife(sample, horizon, mean, rows):
    """Deletes each group in turn and lets lifelines fit the rest."""
    groups = min(len(sample), 100)
    if groups == 1:
        return None
    means, curves = [], []
    for g in range(groups):
        rest = [i for r, incidents in enumerate(sample) if r % 100 != g for i in incidents]
        if not rest:
            return None
        fitter = fit(rest)
        means.append(restricted_mean_survival_time(fitter, t=horizon))
        curves.append(fitter.predict([row["half_round"] for row in rows]).to_numpy())

    def error(values):
        values = np.asarray(values)
        spread = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
        return np.sqrt((groups - 1) / groups * spread)

    sizes = np.zeros(groups)
    for r, incidents in enumerate(sample):
        sizes[r % 100] += len(incidents)
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    errors = error(curves)
    result = {"mean_se": error(means), "survival_se": errors.tolist(),
              "effective_groups": effective}
    if effective >= 7:
        deviations = np.log(means) - np.log(means).mean()
        squares, fourths = (deviations**2).sum(), (deviations**4).sum()
        df = min(effective - 1, max(6, 2 * squares**2 / (fourths - squares**2 / groups)))
        half_width = stats.t.isf(0.025, df) * error(np.log(means))
        result["lo"], result["hi"] = mean * np.exp(-half_width), mean * np.exp(half_width)
        t = stats.t.isf(0.025, effective - 1)
        result["band"] = [log_log(row["survival"], se, t) for row, se in zip(rows, errors)]
    return result


def closed_jackknife(sample):
    """Σ y / Σ x of closed incidents, and its logarithm without each group of replications."""
    groups = min(len(sample), 100)
    x, y = np.zeros(groups), np.zeros(groups)
    for r, one in enumerate(sample):
        x[r % 100] += sum(c for _, c in one)
        y[r % 100] += sum(t for t, c in one if c)
    if groups == 1 or x.sum() == 0 or x.sum() ** 2 / (x**2).sum() < 7:
        return None
    logs = np.log((y.sum() - y) / (x.sum() - x))
    deviations = logs - logs.mean()
    squares, fourths = (deviations**2).sum(), (deviations**4).sum()
    satterthwaite = 2 * squares**2 / (fourths - squares**2 / groups)
    df = min(x.sum() ** 2 / (x**2).sum() - 1, max(6, satterthwaite))
    half_width = stats.t.isf(0.025, df) * np.sqrt((groups - 1) / groups * squares)
    value = y.sum() / x.sum()
    return {"value": value, "lo": value * np.exp(-half_width), "hi": value * np.exp(half_width)}


def mttr_difference(sample, horizon):
    """Each replication with 3 half rounds more of repair in every second incident, against it as it is:
    lifelines fits both without each group."""
    longer = [[(min(t + 3 * (i % 2), horizon), c) for i, (t, c) in enumerate(one)]
              for one in sample]
    groups = min(len(sample), 100)
    if groups == 1:
        return None

    def mean(sample, without):
        rest = [i for r, one in enumerate(sample) if r % 100 != without for i in one]
        return restricted_mean_survival_time(fit(rest), t=horizon) if rest else None

    sizes = np.zeros(groups)
    for r, incidents in enumerate(sample):
        sizes[r % 100] += len(incidents)
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    result = {"incidents": [[r, t, c] for r, one in enumerate(longer) for t, c in one],
              "value": mean(longer, -1) - mean(sample, -1)}
    if effective < 7:
        return result
    means = [np.array([mean(of, g) for g in range(groups)]) for of in (longer, sample)]
    differ = sum(any(longer[r] != sample[r] for r in range(g, len(sample), 100))
                 for g in range(groups))
    if differ < 7 or any(np.ptp(m) < 1e-12 * m.mean() for m in means):
        return result
    deleted = means[0] - means[1]
    deviations = deleted - deleted.mean()
    squares, fourths = (deviations**2).sum(), (deviations**4).sum()
    if squares == 0:
        return result
    error = np.sqrt((groups - 1) / groups * squares)
    df = min(effective - 1, 2 * squares**2 / (fourths - squares**2 / groups))
    # The ellipse about both logarithms, with their jackknife covariance, in the coordinates of its
    # Cholesky factor; its rim is searched by scipy.
    whole = [mean(longer, -1), mean(sample, -1)]
    logs = [np.log(m) for m in means]
    covariance = (groups - 1) ** 2 / groups * np.cov(logs)
    factor, t = np.linalg.cholesky(covariance), stats.t.isf(0.025, df)

    def end(sign):
        def rim(angle):
            a, b = whole * np.exp(t * factor @ [np.cos(angle), np.sin(angle)])
            return -sign * (a - b)
        start = min(np.linspace(0, 2 * np.pi, 100), key=rim)
        return -sign * minimize_scalar(rim, bounds=(start - 0.1, start + 0.1), method="bounded",
                                       options={"xatol": 1e-12}).fun

    ratio_error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    ratio = np.log(whole[0] / whole[1]) / ratio_error
    return result | {"se": error, "p": 2 * stats.t.sf(abs(ratio), df), "lo": end(-1), "hi": end(1)}


def log_log(survival, error, t):
    if not 0 < survival < 1:
        return None
    centre, half_width = np.log(-np.log(survival)), t * error / (survival * -np.log(survival))
    return [float(np.exp(-np.exp(centre + side * half_width))) for side in (1, -1)]


def repairs(rng):
    for name, horizon, sample in repair_samples(rng):
        incidents = [i for replication in sample for i in replication]
        fitter = fit(incidents)
        table = fitter.event_table.loc[lambda t: t.observed + t.censored > 0]
        rows = [{"half_round": int(t), "closed": int(row.observed), "censored": int(row.censored),
                 "at_risk": int(row.at_risk), "survival": float(fitter.predict(t))}
                for t, row in table.iterrows()]
        quantiles = []
        for per_mille in [500, 900, 990]:
            value = qth_survival_time(1 - per_mille / 1000, fitter)
            quantiles.append({"per_mille": per_mille,
                              "value": None if np.isinf(value) else int(value)})
        mean = restricted_mean_survival_time(fitter, t=horizon)
        yield {"name": name, "horizon": horizon, "replications": len(sample),
               "incidents": [[r, t, c] for r, one in enumerate(sample) for t, c in one],
               "rows": rows, "quantiles": quantiles, "restricted_mean": mean,
               "jackknife": jackknife(sample, horizon, mean, rows),
               "difference": mttr_difference(sample, horizon),
               "closed_jackknife": closed_jackknife(sample)}


def main():
    # lifelines warns that a step function's quantile is one of its steps.
    warnings.filterwarnings("ignore", category=lifelines.exceptions.ApproximationWarning)
    rng = np.random.default_rng(20240607)
    reference = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__,
                     "scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
                     "lifelines": lifelines.__version__},
        "critical_values_of_even_samples": critical_values_of_even_samples(),
        "proportions": proportions(),
        "exact_proportions": exact_proportions(),
        "means": list(means_and_quantiles(rng)),
        "ranks": order_statistic_ranks(),
        "repairs": list(repairs(rng)),
        "paired_proportions": paired_proportions(),
        "paired_means": list(paired_means(rng)),
        "adjusted_p_values": list(adjusted_p_values(rng)),
        "beta_binomial_sequences": list(beta_binomial_sequences()),
        "betting_sequences": list(betting_sequences(rng)),
    }
    target = Path(__file__).with_name("reference.json")
    target.write_text(json.dumps(reference, separators=(",", ":"), allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
