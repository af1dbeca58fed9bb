"""One function per figure of the book; each returns a ``matplotlib.figure.Figure`` made without pyplot."""

from ._style import GREY, PENALTY_STYLE, new_figure
from .attention import bits_against_ratio, kept_by_layer, scales_under_penalties
from .attraction import (
    alpha_bounds,
    equal_terms,
    exact_zeros,
    first_look,
    map_near_zero,
    norms_at_rest,
    one_ulp,
    predicted_and_found,
    prox_of_l0,
    prunable_share,
    race_to_zero,
    reach_against_beta,
    regime_map,
    scaling_factors,
    settling,
    waiting_time,
    zero_attraction_maps,
)
from .basics import (
    descent,
    learning_curves,
    one_convolution,
    samples_with_intervals,
    seeds_compared,
    signal_sizes,
)
from .costs import bytes_against_ratio, bytes_by_encoding, shares_by_layer, speedup_against_sparsity
from .explorers import (
    alpha_beta_map,
    at_zero,
    compression_ratio,
    draw_a_digit,
    loss_and_penalty,
    penalty_and_pull,
    playground,
    remove_neurons,
    scaling_factor,
    trajectories,
)
from .networks import (
    digit_samples,
    first_layer,
    four_updates,
    kept_weights,
    layer_shares,
    magnitudes_and_cut,
    norms_in_and_out,
    own_loop,
    photographs,
    pruning_rules,
    ratio_schedules,
    sorted_magnitudes,
    units_left,
    weights_over_epochs,
)
from .penalties import (
    crossovers,
    l0_penalty_and_term,
    l0_shapes,
    penalty_and_slope,
    prior_densities,
    prox_curves,
    pull_against_beta,
    pull_of_two,
    smoothings,
    touching_contours,
)
from .results import (
    before_and_after,
    by_arm,
    by_class,
    by_pruning,
    by_stage,
    differences,
    energy,
    error_against_ratio,
    error_against_share,
    published_scatter,
    three_rules,
    trade_off,
    tuning_scores,
)
