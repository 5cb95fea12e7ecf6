#pragma once
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

// A module's functions are pointers in a table, and templates are arrays of pointers to values: one function for each use, so that
// no pointer into a Swift value outlives the call.

// The slots that hold a token.
static inline CK_RV cp11kit_slots(CK_FUNCTION_LIST *module, CK_SLOT_ID *slots, CK_ULONG *count) {
    return module->C_GetSlotList(CK_TRUE, slots, count);
}

// Whether a slot's token is the one that a URI names.
static inline int cp11kit_matches(CK_FUNCTION_LIST *module, CK_SLOT_ID slot, P11KitUri *uri) {
    CK_TOKEN_INFO info;
    return module->C_GetTokenInfo(slot, &info) == CKR_OK && p11_kit_uri_match_token_info(uri, &info);
}

static inline CK_RV cp11kit_open(CK_FUNCTION_LIST *module, CK_SLOT_ID slot, int writes, CK_SESSION_HANDLE *session) {
    CK_FLAGS flags = CKF_SERIAL_SESSION | (writes ? CKF_RW_SESSION : 0);
    return module->C_OpenSession(slot, flags, NULL, NULL, session);
}

static inline CK_RV cp11kit_close(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session) {
    return module->C_CloseSession(session);
}

static inline CK_RV cp11kit_login(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, const void *pin, CK_ULONG count) {
    return module->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)pin, count);
}

// The objects of a class with an ID, two at most.
static inline CK_RV cp11kit_find(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, int is_private, const void *id,
                                 CK_ULONG id_count, CK_OBJECT_HANDLE *found, CK_ULONG *count) {
    CK_OBJECT_CLASS class = is_private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, (void *)id, id_count}};
    CK_RV result = module->C_FindObjectsInit(session, template, 2);
    if (result != CKR_OK) return result;
    result = module->C_FindObjects(session, found, 2, count);
    CK_RV ended = module->C_FindObjectsFinal(session);
    return result != CKR_OK ? result : ended;
}

// Makes a pair of keys whose private half cannot be read. `bits` is for RSA; `parameters` name the curve of the others.
static inline CK_RV cp11kit_generate(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_ULONG bits,
                                     const void *parameters, CK_ULONG parameters_count, const void *id, CK_ULONG id_count,
                                     const char *label, CK_ULONG label_count, int stays, CK_OBJECT_HANDLE *public_key,
                                     CK_OBJECT_HANDLE *private_key) {
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE, on_token = stays ? CK_TRUE : CK_FALSE;
    CK_BYTE exponent[] = {1, 0, 1};
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ATTRIBUTE public_template[] = {
        {CKA_TOKEN, &on_token, sizeof on_token}, {CKA_VERIFY, &yes, sizeof yes}, {CKA_ID, (void *)id, id_count},
        {CKA_LABEL, (void *)label, label_count}, {CKA_EC_PARAMS, (void *)parameters, parameters_count}, {0, NULL, 0},
    };
    CK_ULONG public_count = 5;
    if (type == CKM_RSA_PKCS_KEY_PAIR_GEN) {
        public_template[4] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits};
        public_template[5] = (CK_ATTRIBUTE){CKA_PUBLIC_EXPONENT, exponent, sizeof exponent};
        public_count = 6;
    }
    CK_ATTRIBUTE private_template[] = {
        {CKA_TOKEN, &on_token, sizeof on_token}, {CKA_PRIVATE, &yes, sizeof yes}, {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_EXTRACTABLE, &no, sizeof no},       {CKA_SIGN, &yes, sizeof yes},    {CKA_ID, (void *)id, id_count},
        {CKA_LABEL, (void *)label, label_count},
    };
    return module->C_GenerateKeyPair(session, &mechanism, public_template, public_count, private_template, 7, public_key,
                                     private_key);
}

// One attribute of an object; `count` is the buffer's length and becomes the value's.
static inline CK_RV cp11kit_attribute(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE_TYPE type, void *buffer, CK_ULONG *count) {
    CK_ATTRIBUTE attribute = {type, buffer, *count};
    CK_RV result = module->C_GetAttributeValue(session, object, &attribute, 1);
    *count = attribute.ulValueLen;
    return result;
}

static inline CK_RV cp11kit_relabel(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                    const char *label, CK_ULONG count) {
    CK_ATTRIBUTE attribute = {CKA_LABEL, (void *)label, count};
    return module->C_SetAttributeValue(session, object, &attribute, 1);
}

static inline CK_RV cp11kit_destroy(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    return module->C_DestroyObject(session, object);
}

static inline CK_RV cp11kit_sign(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                                 CK_MECHANISM_TYPE type, const void *data, CK_ULONG data_count, void *signature,
                                 CK_ULONG *count) {
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_RV result = module->C_SignInit(session, &mechanism, key);
    if (result != CKR_OK) return result;
    return module->C_Sign(session, (CK_BYTE_PTR)data, data_count, signature, count);
}
