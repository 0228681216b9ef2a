"""Names that other programs give to measures, and the measure each stands for."""

from __future__ import annotations

import re

_WHOLE = {
    "map": "AP",
    "gm_map": "GMAP",
    "gm_bpref": "GMBpref",
    "recip_rank": "RR",
    "11pt_avg": "IPrec11",
    "11pt": "IPrec11",
    "ndcg_rel": "nDCG_rel",
    "num_q": "NumQ",
    "num_ret": "NumRet",
    "num_rel": "NumRel",
    "num_rel_ret": "NumRet(rel=1)",
    "NumRelRet": "NumRet(rel=1)",
    "num_nonrel_judged_ret": "NumNonrelJudgedRet",
    "set_P": "SetP",
    "set_relative_P": "SetP(relative=True)",
    "SetRelP": "SetP(relative=True)",
    "set_recall": "SetR",
    "set_map": "SetAP",
    "set_F": "SetF",
    "utility": "Utility",
    "rbp": "RBP(p=0.9)",
    "rbp_resid": "RBPResid",
}

_NUMBERED = {
    "ndcg_cut": "nDCG@{}",
    "map_cut": "AP@{}",
    "P": "P@{}",
    "recall": "R@{}",
    "relative_P": "R_cap@{}",
    "recall_cap": "R_cap@{}",
    "success": "Success@{}",
    "iprec_at_recall": "IPrec@{}",
    "Rprec_mult": "Rprec_mult@{}",
    "unj": "Unj@{}",
    "set_F": "SetF(beta={})",
}

_NAME_AND_NUMBER = re.compile(r"(\w+?)[_.](\d+(?:\.\d+)?)")


def our_spelling(text: str) -> str:
    """A measure in our language where the text is a name of trec_eval or ir_measures, else the text itself."""
    if text in _WHOLE:
        return _WHOLE[text]
    numbered = _NAME_AND_NUMBER.fullmatch(text)
    if numbered and numbered[1] in _NUMBERED:
        return _NUMBERED[numbered[1]].format(numbered[2])
    return text


def known_spellings() -> list[str]:
    """The names of other programs, for the list of near ones in an error."""
    return [*_WHOLE, *(f"{name}_k" for name in _NUMBERED)]
