"""The modules of Asterisk that the tests load: what Ownerline requires, and what these need."""

from dialer.bridges.asterisk.snippets import required_modules

# In this order; what a module needs stands above it.
_GROUND = (
    *("res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb"),
    *("pbx_config", "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp"),
    *("res_pjsip_caller_id", "res_pjsip_endpoint_identifier_ip"),
    *("res_pjsip_endpoint_identifier_user", "res_pjsip_authenticator_digest"),
    *("res_pjsip_outbound_authenticator_digest", "res_pjsip_dtmf_info", "res_pjsip_rfc3326"),
    *("res_pjsip_header_funcs", "res_pjsip_logger", "res_rtp_asterisk", "res_pjsip_pubsub"),
    *("chan_pjsip", "codec_ulaw", "codec_alaw", "codec_resample"),
    *("format_wav", "format_pcm", "format_sln"),
    *("bridge_simple", "bridge_softmix", "bridge_holding", "bridge_native_rtp"),
    *("bridge_builtin_features", "func_callerid", "func_channel", "func_hangupcause"),
    *("func_logic", "func_strings", "func_timeout", "func_global", "func_cdr", "func_cut"),
    *("func_groupcount", "func_uri", "func_db", "func_env", "func_math", "func_periodic_hook"),
    *("app_chanspy", "app_dial", "app_playback", "app_read", "app_record", "app_mixmonitor"),
    *("app_amd", "app_stack", "app_verbose", "app_senddtmf", "app_userevent", "app_echo"),
    *("app_exec", "app_playtones", "app_while", "app_waitforsilence", "res_musiconhold"),
    *("app_confbridge", "res_speech", "res_agi"),
)

MODULES = tuple(dict.fromkeys((*_GROUND, *required_modules())))

# What an agent's browser needs beside them: an Asterisk of `kit.browsers` has these, no other.
# Sockets stand below SIP, which listens on them as it is loaded.
BROWSER_GROUND = ("res_crypto", "res_http_websocket", "res_srtp")
BROWSER_MODULES = tuple(dict.fromkeys((*BROWSER_GROUND, *MODULES, "res_pjsip_transport_websocket")))
